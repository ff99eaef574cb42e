"""What the sample's people have said to each other: a bicycle workshop before its open day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import field, frozen

PASSWORD: Final = "wheels and bells"  # noqa: S105 (printed for whoever tries the demo)


@frozen
class Line:
    """One message. ``ago`` is how many minutes before now it was sent."""

    ago: int
    who: str
    text: str
    answers: int | None = None
    """The index of the line it answers."""
    reactions: Mapping[str, tuple[str, ...]] = field(factory=dict)
    picture: bool = False


@frozen(kw_only=True)
class Talk:
    """One conversation: a group with a title, or two people."""

    members: tuple[str, ...]
    """The first one makes it."""
    lines: tuple[Line, ...]
    unread: Mapping[str, int] = field(factory=dict)
    """Who hasn't read how many of the last lines; everyone else has read all."""
    title: str | None = None
    description: str | None = None


PEOPLE: Final[Mapping[str, tuple[str, str]]] = {
    "maya": ("Maya Lindqvist", "Runs the workshop. Ask me about gears."),
    "jonas": ("Jonas Weber", "Frames, welding, strong coffee."),
    "aiko": ("Aiko Tanaka", "Wheels. If it's round, it's mine."),
    "samuel": ("Samuel Okoye", "Front desk and the books."),
    "lena": ("Lena Petrova", "Posters, signs, the website."),
}
"""Their display names, and what they say of themselves."""

TALKS: Final[tuple[Talk, ...]] = (
    Talk(
        title="Spoke & Bell",
        description="The workshop. Open day on Saturday, ten to four.",
        members=("maya", "jonas", "aiko", "samuel", "lena"),
        unread={"maya": 3, "jonas": 1, "samuel": 4},
        lines=(
            Line(1_560, "maya", "Hello everyone. Four days to the open day, where are we?"),
            Line(
                1_556, "samuel", "Sixty-two people have said they'll come. That's twice last year."
            ),
            Line(
                1_555,
                "jonas",
                "Twice?! Then we need a second repair stand outside.",
                answers=1,
                reactions={"👍": ("maya", "aiko", "samuel")},
            ),
            Line(1_551, "aiko", "I can bring mine from home. It folds."),
            Line(1_549, "maya", "You're a star, Aiko.", answers=3, reactions={"⭐": ("jonas",)}),
            Line(
                1_520,
                "lena",
                "First draft of the poster. Too much sky?",
                picture=True,
                reactions={"❤️": ("maya", "samuel", "aiko"), "🚲": ("jonas",)},
            ),
            Line(1_517, "samuel", "Just enough sky. Can we hang one at the bakery?", answers=5),
            Line(1_516, "lena", "They said yes yesterday, and they want two."),
            Line(
                1_492,
                "jonas",
                "Mum's offering her cinnamon buns again. A hundred, she says.",
                reactions={"😍": ("lena", "aiko", "maya"), "🎉": ("samuel",)},
            ),
            Line(1_490, "aiko", "Tell her we'd have come without the open day"),
            Line(
                190,
                "samuel",
                "The permit for the pavement is here: we may use it from nine to five. "
                "https://example.org/permits/2231",
            ),
            Line(186, "maya", "Brilliant. Then we set up at nine sharp.", answers=10),
            Line(74, "lena", "Posters are printed. Who has the long ladder?"),
            Line(71, "aiko", "It's behind the tandem, under the tarpaulin", answers=12),
            Line(25, "jonas", "The second stand works, I've just tried it with the cargo bike."),
            Line(22, "lena", "Of course you had to try it with the heaviest one 😄", answers=14),
        ),
    ),
    Talk(
        members=("maya", "jonas"),
        unread={"maya": 1},
        lines=(
            Line(1_480, "maya", "Did Mrs Haller pick up her blue one?"),
            Line(1_471, "jonas", "Yes, and she rode it round the yard twice before paying."),
            Line(1_470, "maya", "As one should.", reactions={"😄": ("jonas",)}),
            Line(95, "jonas", "Are we still on for the brake pads order? They close at six."),
            Line(90, "maya", "I'll send it at five. Forty sets?"),
            Line(88, "jonas", "Better fifty, after last spring.", answers=4),
        ),
    ),
    Talk(
        members=("lena", "maya"),
        unread={"maya": 2},
        lines=(
            Line(2_900, "lena", "I'm redoing the opening hours on the website. Mondays closed?"),
            Line(2_880, "maya", "Closed, except in May.", reactions={"👍": ("lena",)}),
            Line(41, "lena", "Could you look over the text for the sign before I paint it?"),
            Line(40, "lena", "“Bring it in broken, ride it home.”"),
        ),
    ),
    Talk(
        members=("aiko", "samuel"),
        lines=(
            Line(330, "aiko", "How many 28-inch rims do we have on paper?"),
            Line(322, "samuel", "Eleven. Why do you ask like that?"),
            Line(321, "aiko", "Because I can see nine."),
            Line(300, "samuel", "Two are in the window, around the clock.", answers=2),
            Line(
                299, "aiko", "Ah. Then all is well with the world.", reactions={"👍": ("samuel",)}
            ),
        ),
    ),
)
