"""Prompt-injection detection: finds instructions to a model in the text of a ticket.

A model may obey the text that it reads. So a text with instructions is never sent to one. The
built-in engine, which cannot be instructed, triages the part before the first instruction.

The patterns are few and simple, in the languages that attackers probably try. They are searched
in several variants of the text: compatibility forms, without invisible characters, look-alike
letters, HTML entities, base64, hex, percent encoding, ROT13, leet, and the text reversed.

An attacker who evades the patterns still has to name the category they want. So if the text names
the category that a model answers, and the keywords point elsewhere, the keywords decide. A false
alarm costs little: the ticket is triaged without Gemini, and the card says why.
"""

import re
from base64 import b64decode
from codecs import decode
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from unicodedata import category, normalize
from urllib.parse import unquote

from models.text import clip
from models.tickets.ticket import Ticket
from models.triage.result import Triage

INJECTION_REASON = "the text tries to instruct the model"
_GAP = ".{0,60}?"
_INJECTION_PATTERNS = (
    # Orders to forget earlier instructions.
    rf"(?:ignore|disregard|forget|overrid|overrul|bypass|skip|(?:not|don.t) follow){_GAP}"
    r"(?:instruct|prompt|rule|guideline|guidance|restriction"
    r"|direct|above|previous|prior|earlier|system|everything)",
    rf"(?:ignorier|vergiss|missacht){_GAP}(?:anweis|vorher|obig|bisher|regel|system)"
    rf"|(?:anweisung|vorgabe|regel){_GAP}(?:gelten nicht|ungultig|aufgehoben)"
    rf"|(?:instruc\w*|regla|consigne)s?{_GAP}(?:ya no|ne s.appliqu|plus valable)",
    rf"(?:ignore|oubli){_GAP}(?:consigne|precedent|ci-dessus|regle)",
    rf"(?:ignora|olvida|omite|ignore|esquec|dimentica){_GAP}(?:instruc|istruzion|anterior|regla"
    r"|regra|regole|precedent|indicacion)",
    rf"(?:negeer|vergeet){_GAP}(?:instruct|bovenst|vorige|regels)",
    rf"(?:zignoruj|ignoruj|zapomnij|pomin){_GAP}(?:instrukc|poprzed|polecen|zasad)",
    rf"(?:ignorera|glom|ignorer|glem){_GAP}(?:instru|tidigare|tidligere|ovan|ovenst|regler)",
    rf"(?:игнориру|забудь){_GAP}(?:инструкц|предыдущ|указан|правил)",
    rf"(?:talimat|onceki|kural){_GAP}(?:yok say|unut|gormezden)",
    rf"(?:忽略|无视|無視|忘记){_GAP}(?:指令|指示|以上|之前|提示|规则)",
    rf"(?:指示|上記|以前|命令){_GAP}無視",
    rf"(?:지시|이전|위의|명령){_GAP}무시",
    rf"تجاهل{_GAP}(?:التعليمات|السابق)",
    rf"निर्देश{_GAP}(?:अनदेखा|नजरअंदाज|भूल)",
    # Orders to act as somebody else, or to follow somebody else.
    r"(?:new|updated|real|actual|additional|hidden|secret) (?:system )?(?:instruction|prompt|direct"
    r"|order)s?\b|system (?:prompt|message|override|note|instruction)|developer mode|jailbreak"
    r"|do anything now",
    r"you are (?:now|no longer|an? (?:ai|assistant|model|bot|language))|from now on"
    r"|pretend (?:to|you)|du bist (?:jetzt|nun|ab)|tu es maintenant|vous etes maintenant"
    r"|(?:ahora eres|eres ahora)|(?:ora sei|sei ora) un|voce agora e"
    r"|agora voce e|je bent nu|jestes teraz|ты теперь|теперь ты"
    r"|你现在是|あなたは今",
    r"(?:dear|hey|hello|attention|note (?:to|for)|message (?:to|for)|instructions? (?:to|for))"
    r",? (?:the )?(?:ai|model|assistant|gemini|bot|llm|classifier|triage)\b",
    # Orders to give a certain answer: a label, a person, a line in the notes.
    rf"\b(?:set|mark|classify|categori[sz]e|label|change|choose|pick|answer|respond|return|output"
    rf"|use|raise|lower|treat|triage){_GAP}\b(?:categor|priorit|skill|confidence|json)",
    rf"\b(?:setz|stell|wahl|andere|antwort|ordne)\w*\b{_GAP}(?:kategorie|prioritat)",
    rf"\b(?:mets|mettez|definis|reponds|choisis|class|pon|establece|fija|cambia|marca|responde"
    rf"|impost|metti|rispond|defina|coloque|zet|ustaw){_GAP}(?:categori|priorit|priorid|prioriteit"
    r"|kategori|priorytet)",
    rf"(?:установи|поставь|выбери|ответь){_GAP}(?:категори|приоритет)",
    r"(?:类别|优先级|カテゴリ|優先度|우선순위).{0,12}(?:设|为|を|로|に)",
    rf"\bassign{_GAP}\bto\b|\b(?:route|give|hand|offer){_GAP}\bto (?:me|u[a-z0-9]{{3,}}|@|<@|bob)"
    rf"|\bweise?{_GAP}\bzu\b|\b(?:assigne|attribue){_GAP}\b(?:a|moi)\b|\basign[ae]\w*|\bassegna\w*"
    rf"|\batribu[ae]\w*|\bwijs{_GAP}\btoe\b|назначь|分配给|割り当て|할당",
    r"\b(?:write|include|add|append|put|insert|copy|repeat|say|place|paste|render|embed).{0,120}?"
    r"\b(?:in|into|to|of|as) (?:the |your |my )?(?:note|summary|answer|output|response|reply)",
    r"\b(?:notes?|summary|notizen|resume|resumen|zusammenfassung)\b.{0,30}\b(?:must|should|shall"
    r"|write|include|say|contain|schreib|ecris|escrib)\w*",
    r"(?:tell|order|instruct|convince|persuade|ask) (?:the |every )?moderators?\b"
    r"|(?:reveal|repeat|print|show|leak)(?: me)? your (?:system|prompt|instruct|rule)",
    # Forgeries: another fence, another speaker, an answer of the model.
    r"-{3,}[0-9a-f]{8,}-{3,}|-{3,} ?(?:end|begin|start)(?: of)? (?:the )?(?:ticket|data|text|input"
    r"|system|instruct|user)|</?(?:system|instructions?|ticket|data|user|assistant|admin)>"
    r"|<\|[a-z_]{2,20}\|>|\[/?inst\]|#{2,} ?(?:instruction|system|response|new task)"
    r"|\b(?:system|assistant|developer) ?: ?\w|!\[[^\]]{0,80}\] ?\(",
    r"[\"'](?:category|priority|skills|confidence|summary|notes)[\"'] ?[:=]"
    r"|\b(?:category|priority|skills|confidence) ?[:=].{1,60}?"
    r"\b(?:category|priority|skills|confidence|notes|summary) ?[:=]",
)
_HOMOGLYPHS = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u04bb\u03bf\u03b1\u03b5"
    "\u03b9\u03bd\u03c1\u03c4\u03c5\u043a\u043c\u0442\u0433\u0432\u043d\u0131\u01c0\u051b\u0261",
    "aeopcyxijsdhoaeivptukmtrbhilqg",
)
_LEET = str.maketrans("0134578@$!", "oieastbasi")
_SPACED_LETTERS = re.compile(r"\b(?:\w[ .·*_-]){3,200}\w\b")
_ENCODED_TOKEN = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
# Invisible characters that spell ASCII: https://unicode.org/charts/PDF/UE0000.pdf
_TAG_CHARACTERS = {0xE0000 + code: code for code in range(0x20, 0x7F)}
_SENTENCE_END = re.compile(r"(?<=[.!?\u3002\uff01\uff1f\n])\s*")


@dataclass(frozen=True, slots=True)
class InjectionScan:
    """The signs of prompt injection in one text.

    Attributes:
        variants: the text normalized, with look-alikes replaced, decoded, reversed.
        is_injection: whether a variant gives instructions to a model.
    """

    variants: tuple[str, ...]
    is_injection: bool

    def contains_label(self, label: str) -> bool:
        """Whether a variant of the text contains this label.

        An attacker who wants a model to answer a label has to name it somewhere.
        """
        normalized = _normalize_text(label)
        return any(normalized in variant for variant in self.variants)


def scan(text: str) -> InjectionScan:
    """The signs of prompt injection in a text."""
    variants = tuple(_text_variants(text))
    return InjectionScan(variants, any(map(_ANY_INJECTION.search, variants)))


def contains_injection(text: str) -> bool:
    """Whether the text gives instructions to a model."""
    return any(map(_ANY_INJECTION.search, _text_variants(text)))


def without_label(ticket: Ticket, label: str) -> Ticket:
    """The ticket without this label in its text."""
    pattern = re.compile(re.escape(label), re.IGNORECASE)
    fields = {name: pattern.sub(" ", getattr(ticket, name)) for name in ("title", "description")}
    return ticket.model_copy(update=fields)


def strip_instructions(ticket: Ticket) -> Ticket:
    """The ticket without its instructions to a model, and without the text after the first one.

    If the text begins with an instruction, all sentences without one are kept. If no single
    sentence is an instruction, or each one is, only the title is kept.
    """
    sentences = [sentence for sentence in _SENTENCE_END.split(ticket.text) if sentence.strip()]
    bad = [contains_injection(sentence) for sentence in sentences]
    first = bad.index(True) if any(bad) else len(sentences)
    kept = sentences[:first] or [
        sentence for sentence, is_bad in zip(sentences, bad, strict=True) if not is_bad
    ]
    if first == len(sentences) or not kept:
        kept = [ticket.title]
    return ticket.model_copy(update={"title": kept[0].strip(), "description": " ".join(kept[1:])})


def with_warning(triage: Triage) -> Triage:
    """The triage with a warning in its notes that the text instructs a model."""
    notes = f"{triage.notes} Look closely: {INJECTION_REASON}."
    return triage.model_copy(update={"notes": clip(notes, 1500)})


def _text_variants(text: str) -> Iterator[str]:
    """The text normalized, with look-alikes replaced, decoded, reversed."""
    plain = _normalize_text(text)
    yield plain
    yield plain.translate(_HOMOGLYPHS)
    yield plain.translate(_LEET)
    yield _SPACED_LETTERS.sub(lambda match: re.sub(r"[ .·*_-]", "", match[0]), plain)
    yield decode(plain, "rot13")
    yield plain[::-1]
    for match in _ENCODED_TOKEN.finditer(text):
        yield from map(_normalize_text, _decode_token(match[0]))


def _normalize_text(text: str) -> str:
    """The text in lower case, without accents and invisible characters, with single spaces."""
    decomposed = normalize("NFKD", unquote(unescape(text.translate(_TAG_CHARACTERS))))
    visible = "".join(c for c in decomposed if category(c) not in {"Cf", "Mn", "Mc"})
    return " ".join(normalize("NFKC", visible).casefold().split())


def _decode_token(token: str) -> Iterator[str]:
    for table in (str.maketrans("", ""), str.maketrans("-_", "+/")):
        try:
            stripped = token.rstrip("=").translate(table)
            yield b64decode(stripped + "=" * (-len(stripped) % 4)).decode()
        except ValueError:
            continue
    try:
        yield bytes.fromhex(token).decode()
    except ValueError:
        return


_ANY_INJECTION = re.compile(
    "|".join(
        pattern if pattern.isascii() else _normalize_text(pattern)
        for pattern in _INJECTION_PATTERNS
    )
)
