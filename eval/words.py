"""The word lists of `crates/ai/assets/words`, searched as `ai::local::lexicon` searches them, for training."""

import pathlib
import re
import unicodedata

WORDS = pathlib.Path(__file__).parent.parent / "crates/ai/assets/words"
FILES = ["conversation.txt", "business.txt", "guard.txt", "sentiment.txt"]
LANGUAGES = ["ar", "de", "en", "es", "fr", "hi", "it", "ja", "ko", "nl", "pt", "ru", "sv", "tr", "vi", "zh"]
# The order of `List` in lexicon.rs.
LISTS = (
    "greeting thanks farewell acknowledge opt_out wants_human bot_question legal not_interested question price buying "
    "availability demo feature product booking problem complaint praise suggestion inquiry offtopic critical urgent "
    "no_rush follow positive negative negator contrast abuse rough inject_verb inject_scope inject_object "
    "inject_phrase spam_phrase shortener promise"
).split()
_SHORT = {"greeting", "thanks", "farewell", "acknowledge"}
_ALONE = {"abuse", "inject_phrase"}
_ALWAYS = {"inject_verb", "inject_scope", "inject_object", "shortener"}
_EMOJI = {"positive", "negative", "spam_phrase"}
_NEVER = {"rough", "negator", "contrast"}


def _fold_char(ch):
    c = ord(ch)
    if ch in "`\u2018\u2019\u02bc\u00b4":
        return "'"
    if c == 0xAD or 0x200B <= c <= 0x200F or 0x202A <= c <= 0x202E or 0x2060 <= c <= 0x2069 or c == 0xFEFF:
        return ""
    if 0x300 <= c <= 0x36F or 0x64B <= c <= 0x652 or c in (0x640, 0xFE0F):
        return ""
    if ch.isspace() or unicodedata.category(ch) == "Cc":
        return " "
    special = {"أ": "ا", "إ": "ا", "آ": "ا", "ß": "ss", "ẞ": "ss", "ø": "o", "Ø": "o", "æ": "ae", "Æ": "ae", "œ": "oe",
               "Œ": "oe", "ł": "l", "Ł": "l", "đ": "d", "Đ": "d", "ı": "i", "İ": "i"}
    if ch in special:
        return special[ch]
    if 0xFF01 <= c <= 0xFF5E:
        return _fold_char(chr(c - 0xFF01 + 0x21))
    if 0xC0 <= c <= 0x24F or 0x370 <= c <= 0x4FF or 0x1E00 <= c <= 0x1EFF:
        return "".join(d.lower()[0] for d in unicodedata.normalize("NFD", ch) if not 0x300 <= ord(d) <= 0x36F)
    return ch.lower()[0]


def fold(text):
    return re.sub(" +", " ", " " + "".join(map(_fold_char, text)) + " ")


def _runs_together(ch):
    c = ord(ch)
    return any(a <= c <= b for a, b in (
        (0x600, 0x6FF), (0x900, 0xDFF), (0xE00, 0xEFF), (0x1100, 0x11FF), (0x3040, 0x30FF), (0x3130, 0x318F),
        (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xAC00, 0xD7AF), (0x20000, 0x2FA1F)))


def _joins(ch):
    return ch.isalnum() and not _runs_together(ch)


def _load():
    entries = {}
    for name in FILES:
        current = None
        for line in (WORDS / name).read_text(encoding="utf-8").splitlines():
            line = line.strip()
            if line.startswith("@"):
                current = LISTS.index(line[1:])
            elif line and not line.startswith("#"):
                code, words = line.split(" ", 1)
                for raw in words.split(" | "):
                    raw = raw.strip()
                    phrase = fold(raw.strip("*")).strip()
                    if phrase:
                        entries.setdefault(phrase, []).append((current, code, raw.startswith("*"), raw.endswith("*")))
    return entries


ENTRIES = _load()


def counts(text, language):
    """Hits of every list, as `Hits::find(..).keep(..)` counts them."""
    folded = fold(text)
    short = len(folded.split()) <= 4
    found = [0] * len(LISTS)
    for phrase, entries in ENTRIES.items():
        at = folded.find(phrase)
        while at >= 0:
            end = at + len(phrase)
            first, last = phrase[0], phrase[-1]
            before, after = folded[at - 1 : at] or " ", folded[end : end + 1] or " "
            left = _runs_together(first) or not _joins(first) or not _joins(before)
            right = _runs_together(last) or not _joins(last) or not _joins(after)
            for lst, code, open_left, open_right in entries:
                if (left or open_left) and (right or open_right) and _kept(LISTS[lst], code, language, short, phrase):
                    found[lst] += 1
            at = folded.find(phrase, at + 1)
    return found


def _kept(name, code, language, short, phrase):
    if code == language:
        return True
    if name in _SHORT:
        return short
    if name == "opt_out" and short:
        return True
    if name in _ALONE or name == "opt_out":
        return len(phrase.encode()) >= 9 or not any(ch.isascii() and ch.isalpha() for ch in phrase)
    if name in _ALWAYS:
        return True
    if name in _EMOJI:
        return ord(phrase[0]) >= 0x2000
    if name in _NEVER:
        return False
    return language not in LANGUAGES


def concepts(texts, languages):
    """The matrix of `ai::local::concepts`: touched lists, then the shape of the text."""
    import numpy as np

    rows = np.zeros((len(texts), len(LISTS) + 8), dtype=np.float32)
    for row, text, language in zip(rows, texts, languages):
        row[: len(LISTS)] = np.array(counts(text, language)) > 0
        folded = fold(text)
        words = len(folded.split())
        letters = sum(c.isascii() and c.isalpha() for c in text)
        capitals = sum("A" <= c <= "Z" for c in text)
        row[len(LISTS) :] = [
            "?" in folded or "؟" in folded, "!" in folded, "!!" in folded, words <= 2, words >= 25,
            any("0" <= c <= "9" for c in folded), letters >= 8 and capitals * 10 > letters * 6,
            "http" in folded or "www." in folded,
        ]
    return rows
