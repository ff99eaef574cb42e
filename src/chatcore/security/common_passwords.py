"""The passwords that anyone tries first, in lower case; shorter ones fall to the least length."""

from __future__ import annotations

from typing import Final

_WORDS: Final = """
    00000000 000000000 01010101 01234567 0123456789 11111111 11223344 12121212 123123123
    12341234 1234554321 12345678 123456789 1234567890 12345678910 123456789a 1234567a 12345qwert
    1234qwer 123abc123 123qweasd 147258369 159357159 159753456 1q2w3e4r 1q2w3e4r5t 1qaz2wsx
    1qazxsw2 741852963 78945612 789456123 87654321 88888888 987654321 9876543210 99999999
    a1234567 a12345678 a123456789 a1b2c3d4 aa123456 aaaaaaaa abc12345 abc123456 abcd1234
    abcd12345 abcdefg1 abcdefgh admin123 administrator anthony1 asdasdasd asdf1234 asdfasdf
    asdfghjk asdfghjkl azertyuiop babygirl barcelona baseball baseball1 basketball beautiful
    butterfly changeme changeme1 changeme123 chatcore chocolate christian christopher computer
    computer1 darkness default1 dolphins dragon12 dragon123 elizabeth facebook football freedom1
    friendship garfield godzilla google123 guest123 hello123 hellokitty helloworld iloveyou
    iloveyou1 iloveyou2 internet jennifer jessica1 jonathan jordan23 letmein1 letmein123
    liverpool lovelove michael1 midnight minecraft monkey123 motorola myspace1 nintendo p@ssw0rd
    p@ssword pa$$w0rd pa55word passpass passw0rd password password! password. password0
    password1 password12 password123 password1234 password3 passwords pokemon1 princess
    princess1 q1w2e3r4 q1w2e3r4t5 qazwsxed qazwsxedc qwer1234 qwert123 qwert1234 qwerty12
    qwerty123 qwerty1234 qwerty12345 qwertyui qwertyuiop qwertzui qwertzuiop realmadrid samantha
    samsung1 spiderman spongebob starwars starwars1 sunshine sunshine1 superman superman1
    test1234 testtest trustno1 warcraft welcome1 welcome123 whatever zaq12wsx zxcvbnm1
"""
COMMON: Final = frozenset(_WORDS.split())
