"""Treatment given, being given, or given lately: drugs, classes of drugs, procedures and vaccines, alone or in lists.

A name alone says nothing of whether it was ever given ("willing to receive cisplatin"): only where the words say so it
is read: "prior", "received", "history of", "within 4 weeks"; "currently receiving", "concomitant use of". What was
resistant, refractory or not tolerated is more than given, and those words stay over.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from cds.core.criteria import AnyOf, Asked, Exposed, Reason, Rule, Section
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.readers.lists import LIST, Group, group_of, kind_of, rule_of, said_of
from cds.trials.text.readers.naming import DOSE, DRUG, PROCEDURE, WINDOW, Shape, shape_of
from cds.trials.text.reading import Part, Reading
from cds.trials.text.tokens import covering

_NEAR = 300
"""How far around a statement is looked, in characters."""

__all__ = ["read_treatment"]

_EXAMPLES = r"(?:,? ?\((?:e\.?g\.?,?|such as|including|for example,?)[^()]{1,200}\))?"
_DONE = (
    r"(?:,? (?:(?:has|have|had) been |was |were |is |are )?(?:administered|given|received|performed|completed"
    r"|used|taken)"
    r"(?: or (?:administered|given|received|performed|completed|used|taken))?)?"
)
_BUT = rf"(?:,? ?\(?(?:except(?: for)?|excluding|other than|with the exception of) (?P<but>{LIST})\)?)?"
_OTHERS = (
    r"(?P<others>(?:,? ?(?:or |and |/)?(?:an? )?anti[- ]?(?:PD[- ]?L[- ]?2|"
    r"programmed (?:cell )?death[- ]ligand[- ]2 \(PD-?L2\))(?: (?:agents?|antibod(?:y|ies)|inhibitors?"
    r"|therapy))?)?"
    r"(?:,? or (?:with )?(?:an |any )?agents? directed (?:to|at|against) (?:another|other) (?:co-?)?stimulatory or "
    r"co-?inhibitory T-? ?cell receptors?(?: \([^()]{1,80}\))?)?"
    r"(?:,? including (?:an )?investigational (?:agents?|drugs?|therap(?:y|ies)|products?))?)"
)
"""What the tables have no name for, in the lists of checkpoint drugs: it is asked about beside them."""
_BESIDE = (
    rf"(?P<beside>(?<={WINDOW}),? or (?:is|are|has|have|had|who|will|"
    r"radiation[- ]related|no recovery|not recovered|foreseen|scheduled|while|whilst)\b[^;\ue000-\ue004]{0,300}$"
    rf"|(?<={WINDOW}),? or (?:anticipat\w*|plan\w*|need\w*|intend\w*|expect\w*)\b[^;]{{0,300}}$)?"
)
"""Behind a window, something else that excludes as well ("or has not recovered"): it is asked about beside."""
_TAIL = rf"(?P<tail>{_OTHERS}{_EXAMPLES}{_BUT}{_DONE}(?:,? ?{WINDOW}+)?(?:,? ?{DOSE}+)?){_BESIDE}"
_DETERMINERS = (
    r"(?:(?:any|an?|the|other|prior|previous|either|one of|at least one|systemic|treatment with|therapy with|"
    r"exposure to|use of|administration of|receipt of|course of|form of|with|of|to|"
    r"medications?|drugs?|agents?|substances?|products?|(?:that|which) (?:are|is)|known(?: to be)?) ){0,5}"
)
_PAST = (
    r"(?:(?:(?:current|concurrent|concomitant) (?:or|and/or) )?(?:prior(?! to\b)|previous)(?:,? (?:or"
    r"|and/or) (?:current|concurrent|ongoing|concomitant))?(?: (?:systemic )?"
    r"(?:treatments?|therap(?:y|ies)|exposure|use|receipt|administration|history))?(?: (?:with|to|of))?"
    r"|(?:have |has |had |having )?(?:previously|already|ever) (?:received|been treated with|treated with|exposed to|"
    r"been exposed to|undergone|underwent|had|taken|been given|been administered)"
    r"|(?:have|has|having|had) (?:received|been treated with|undergone|taken|been exposed to)"
    r"|(?<!be )(?<!being )(?:received|underwent|undergone|treated with|exposed to)"
    r"|history of|receipt of|exposure to)"
)
_NOW = (
    r"(?:(?:currently|concurrently|concomitantly|actively) (?:receiving|taking|using|on|undergoing|treated with|"
    r"being treated with)(?: or (?:have |has )?(?:received|used|taken))?"
    r"|(?:current|concurrent|concomitant|ongoing)(?: (?:use|treatment|therapy|administration|receipt))?(?: (?:of"
    r"|with))?"
    r"|(?:is|are|be) (?:receiving|taking|using|on)(?: or (?:have |has )?(?:received|used|taken))?|^(?:receiving"
    r"|taking))"
)
_WEAK = (
    r"(?:use of|administration of|treatment with|therapy with|vaccinat(?:ion|ed) with|receiving|taking|using|"
    r"conditions? (?:that )?requir(?:es?|ing))"
)
_ADJECTIVES = (
    r"(?P<more>(?:(?!(?:for|of|to|in|with|that|who|which|than|if|no|not|without|non|or|and|nor|from|by|on|at|is|are|"
    r"was|were|be|has|have|had|may|must|should|until|unless|after|before|during|since|within|free|never|except)\b)"
    r"[a-z][a-z/-]{2,20} ){0,3})"
)
_START = (
    r"^[^\w\ue000-\ue004]{0,3}(?:(?:any|has|have|had|has had|have had|known|history of|patients?|participants?"
    r"|subjects?|"
    r"who|with|individuals|a|an|the|must|not|no|should|evidence of|those|that|having|all) ){0,7}"
)
_VERB = (
    r"(?P<verb>(?:(?:any|a|an|other|recent|previous|prior|received|receipt of|use of|undergone|underwent|"
    r"administration of|treatment with|therapy with) ){0,4})"
)
_STATED = re.compile(
    rf"(?:(?P<past>\b{_PAST} )|(?P<now>\b{_NOW} )|(?P<weak>\b{_WEAK} ))"
    rf"{_DETERMINERS}{_ADJECTIVES}(?P<list>{LIST}){_TAIL}",
    re.IGNORECASE,
)
_BARE = re.compile(rf"{_START}{_VERB}{_ADJECTIVES}(?P<list>{LIST}){_TAIL}", re.IGNORECASE)
_NEXT = re.compile(
    r"(?:,|;|,? or|,? and/or) (?:(?:any|an?|another|other|prior"
    rf"|received) ){{0,3}}(?P<more>)(?P<verb>)(?P<list>{LIST}){_TAIL}",
    re.IGNORECASE,
)

_GOVERNED = re.compile(
    r"\b(?:if|when|unless|after|before|until|following|since|during|while|despite|due|related|from|toxicit\w*"
    r"|recover\w*|"
    r"candidates?|eligible|ineligible|willing|unwilling|plan\w*|schedul\w*|need\w*|intoleran\w*|tolerat\w*|unable|"
    r"contraindicat\w*|refus\w*|declin\w*|respon[sd]\w*|resist\w*|refractory|fail\w*|progress\w*|relaps\w*|recur\w*|"
    r"complet\w+|between|suitable|appropriate|anticipat\w*|expect\w*|result\w*|secondary|attributed|caused|"
    r"agree\w*|will|amenable|intend\w*|intent|indicat\w*|fit|option\w*|rea(?:ction|ctions)|hypersensitiv\w*|allerg\w*|"
    r"adverse|side|effects?|events?|complication\w*|elapsed|washout|wash-out|discontinu\w*|stop\w*|withh?eld"
    r"|life|benefit\w*|"
    r"prevent\w*|interfer\w*|excretion|consent\w*|tissue|biops\w*|samples?|lesions?|amount|dose|line|lines|number|than|"
    r"cycles?|courses?|infect\w*|requir\w*|pneumonitis|colitis|myocarditis|naive|na[iï]ve|pregnan\w*|"
    r"contracepti\w*|living|anyone|partners?|donors?|healthy|consider\w*|recommended|yet|approved|available"
    r"|standard|access"
    r"|not previously|"
    r"family|relatives?|parents?)\b",
    re.IGNORECASE,
)
"""Words before a statement that make it depend on something, or say it of something else."""


def read_treatment(part: Part, lexicon: Lexicon) -> Sequence[Reading]:
    """Read what was given, is being given, or was given within a window before the beginning of the trial."""
    shape = shape_of(part, lexicon)
    if not shape.named:
        return ()
    found: list[Reading] = []
    last = 0
    for each in _statements(shape):
        if each.start() < last or _is_governed(shape, each, last, part):
            continue
        reading = _read(shape, each, part, lexicon)
        if reading is None:
            continue
        found.append(reading)
        last = each.end()
        while (following := _NEXT.match(shape.text, last)) is not None:
            more = _read(shape, following, part, lexicon)
            if more is None:
                break
            found.append(more)
            last = following.end()
    return tuple(found)


def _statements(shape: Shape) -> Sequence[re.Match[str]]:
    """Give what may be a statement, in order; a list that begins the sentence may do without "prior" or "received"."""
    stated = list(_STATED.finditer(shape.text))
    bare = _BARE.match(shape.text)
    if bare is None or (bare["more"] and stated and stated[0].start() < bare.end()):
        return stated
    return [bare, *stated]


def _is_governed(shape: Shape, found: re.Match[str], last: int, part: Part) -> bool:
    before = shape.text[max(last, found.start() - _NEAR) : found.start()] + (found["more"] or "")
    if before.count("(") > before.count(")"):
        return True
    if part.section is Section.EXCLUSION and _OF_OTHERS.search(before):
        return True
    return (
        _GOVERNED.search(before) is not None
        or _COUNTED.search(before) is not None
        or _BEHIND.search(shape.text[found.end() : found.end() + 200]) is not None
    )


_OF_OTHERS = re.compile(r"\b(?:may|can|could|must|should)\b(?! not\b)", re.IGNORECASE)
"""Words that ask or allow, among what is excluded: it is then not plain what is said of whom."""
_BEHIND = re.compile(
    r"\b(?:counts?|counted|considered (?:a|an|as|prior)|defined as|qualif\w+|is not considered|does not count)\b",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"(?<!at least )(?<!at least \()(?:\b(?:\d+|one|two|three|four|more)|-\d)\)? ?$|\d ?- ?\d ?$|(?:[2-9]|two"
    r"|three|four) ?$",
    re.IGNORECASE,
)
"""A number before "prior …": how many there were is another question."""


def _read(shape: Shape, found: re.Match[str], part: Part, lexicon: Lexicon) -> Reading | None:
    """Read one statement; nothing where its words do not say when, or not how its names are joined."""
    told = found.groupdict()
    if _goes_on(shape, found) or _means_more(shape, found):
        return None
    group = group_of(shape, found, part)
    window = next((shape.windows[at] for at in range(*found.span("tail")) if at in shape.windows), None)
    if group is None or (told.get("now") and window is None and not _only_drugs(group)):
        return None
    ongoing = bool(told.get("now")) and window is None
    if ongoing and any(_WITHIN.search(each) for each in (shape.text[found.end() : found.end() + _NEAR], *part.context)):
        return None
    if not ongoing and window is None and not _is_past(found, group, part):
        return None
    if any(each.vague for each in group.items) and "pr" not in (told.get("past") or "").casefold():
        return None
    frame = Exposed(
        (),
        but_not=group.but_not,
        ongoing=ongoing,
        within_days=window.days if window else None,
        half_lives=window.half_lives if window else None,
        systemic=_SYSTEMIC.search(part.plain, found.start(), found.end()) is not None,
    )
    rule = rule_of(group, frame, shape)
    if rule is None:
        return None
    rule, end = _with_others(rule, found, part)
    start = found.start("list") if told.get("more") else found.start("verb" if "verb" in told else 0)
    first, behind = covering(part.tokens, start, end)
    return Reading(kind_of(group, frame), rule, first, behind, said_of(group, frame, lexicon))


def _means_more(shape: Shape, found: re.Match[str]) -> bool:
    """Say whether an "organ transplant" is meant to take in cells or tissue: then it is more than the name says."""
    if not any(
        "solid-organ-transplant" in shape.named[at].concepts for at in range(*found.span()) if at in shape.named
    ):
        return False
    return (
        re.search(
            rf"\b(?:stem|marrow|tissue)\b|(?:including|e\.?g|such as)\W.{{0,40}}{PROCEDURE}",
            shape.text[found.end("list") : found.end("list") + _NEAR],
        )
        is not None
    )


_SYSTEMIC = re.compile(r"\bsystemic ", re.IGNORECASE)


def _with_others(rule: Rule, found: re.Match[str], part: Part) -> tuple[Rule, int]:
    """Put a question beside the rule for what else is named that the tables do not know; and say where it ends."""
    end = found.end()
    if found["beside"] and (part.section is Section.INCLUSION or _EXCEPTED.search(found["beside"])):
        end = found.start("beside")
    others = " ".join(filter(None, (found["others"], part.plain[found.end("tail") : end]))).strip(" ,.")
    if others:
        rule = AnyOf((rule, Asked(f"Does this concern the patient: {others}?", Reason.NOT_COMPUTABLE)))
    return rule, end


_EXCEPTED = re.compile(r"\b(?:unless|except\w*|if|allowed|permitted|eligible|excluded|not be)\b", re.IGNORECASE)


def _goes_on(shape: Shape, found: re.Match[str]) -> bool:
    """Say whether the list goes on with what is not known, and a window that is for all of it stands behind."""
    if WINDOW in found["tail"]:
        return False
    after = shape.text[found.end() : found.end() + _NEAR]
    return re.match(r"\)? ?(?:,|/|\bor\b|\band|\()", after) is not None and _WITHIN.search(after) is not None


_WITHIN = re.compile(
    rf"{WINDOW}|\bwithin\b|half[- ]li|\d\)? (?:days?|weeks?|months?|years?) (?:prior|before)\b", re.IGNORECASE
)


def _is_past(found: re.Match[str], group: Group, part: Part) -> bool:
    """Say whether words without a window say that it was given: "prior", "received"; of a transplant, its name."""
    if found.groupdict().get("past"):
        return True
    if found["more"]:
        return False
    transplants = all("transplant" in concept for each in group.items for concept in each.concepts)
    return transplants and part.section is Section.EXCLUSION and found.groupdict().get("weak") is None


def _only_drugs(group: Group) -> bool:
    return all(each.sign == DRUG for each in group.items)
