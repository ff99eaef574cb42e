/** What one can do with a conversation for oneself alone: pin, mute, mark unread, archive, clear. */
import { ICONS } from "./icons.js";
import { attempt, confirm, menu } from "./overlay.js";
import { client } from "./session.js";

const NIGHT_MS = 8 * 3_600_000;
/** Muted until it is unmuted. */
const ALWAYS = "9999-01-01T00:00:00.000Z";

/** The menu of a conversation, by `anchor`. */
export function conversationMenu(anchor, state) {
  const { me } = state;
  const set = (fields) => () => attempt(() => client.personalize(state.id, fields));
  const unread = me.unread > 0 || me.marked_unread;
  menu(anchor, [
    {
      label: me.pinned ? "Unpin" : "Pin to the top",
      testid: "toggle-pin",
      icon: ICONS.pin,
      run: set({ pinned: !me.pinned }),
    },
    ...mutings(state, set),
    {
      label: unread ? "Mark as read" : "Mark as unread",
      testid: "toggle-unread",
      icon: ICONS.check,
      run: unread ? () => read(state) : set({ marked_unread: true }),
    },
    {
      label: me.archived ? "Unarchive" : "Archive",
      testid: "toggle-archive",
      icon: ICONS.archive,
      run: set({ archived: !me.archived }),
    },
    {
      label: "Clear for me",
      testid: "clear",
      icon: ICONS.trash,
      danger: true,
      run: () => clear(state),
    },
  ]);
}

function mutings(state, set) {
  if (state.muted(client.store.now))
    return [
      { label: "Unmute", testid: "unmute", icon: ICONS.bell, run: set({ muted_until: null }) },
    ];
  const morning = new Date(client.store.now + NIGHT_MS).toISOString();
  return [
    {
      label: "Mute for 8 hours",
      testid: "mute-night",
      icon: ICONS.mute,
      run: set({ muted_until: morning }),
    },
    { label: "Mute", testid: "mute", icon: ICONS.mute, run: set({ muted_until: ALWAYS }) },
  ];
}

/** Reading the last message takes the mark away, too. */
function read(state) {
  if (state.me.marked_unread && state.me.read_seq >= state.seenSeq)
    attempt(() => client.personalize(state.id, { marked_unread: false }));
  else client.markRead(state.id, state.seenSeq);
}

async function clear(state) {
  const sure = await confirm(
    "Clear this conversation?",
    "All its messages up to now disappear for you. Others keep theirs.",
    "Clear",
  );
  if (sure) await attempt(() => client.clearConversation(state.id));
}
