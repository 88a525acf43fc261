"""What only a person can answer, as protocols word it: phrases by what the question is about.

Each group holds alternatives of one pattern. Only phrases stand here for which no entry of a chart would settle the
question; all repetitions are bounded, so that hostile text is read in linear time.
"""

from __future__ import annotations

import re

__all__ = ["ABOUT"]

_WORDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "consent and willingness",
        (
            r"informed consents?|\bICF\b|consent (?:form|process|document)",
            (
                r"(?:written|sign(?:ed)?|provide|give|giving|provision of|obtain(?:ed)?|withdraw\w*|provid\w+|to) "
                r"(?:\w{1,30} ){0,3}(?:consent|assent)"
            ),
            r"\bassent\b|HIPAA|data protection|privacy rule|\b(?:un)?willing(?:ness)?\b",
            r"\bagree(?:s|d|ing|ment)?\b (?:to|that|not)|\bcomplian(?:ce|t)\b",
            r"\b(?:comply|complying|adhere(?:nce)?)\b",
            (
                r"(?:un)?abl(?:e|ility) (?:and willing )?to (?:understand|comprehend|read|speak|write|communicate|"
                r"complete|attend|follow|provide|give|return|participate|perform|undergo|receive|tolerate|adhere|sign|"
                r"travel|lie|cooperate|use|access|answer|stay|remain|take|swallow|ingest|retain|stand|walk|exercise|"
                r"commit|keep|consume|eat|ambulate|wear|discontinue|start|initiate|maintain|be followed)"
            ),
            r"\b(?:in)?ability (?:and willingness )?to\b",
            r"\bunderstand(?:s|ing)?\b (?:of |the |and |study|that|risks|verbal|written)|refus(?:al|es?|ing)\b",
            r"declin(?:e|ed|es) (?:to|standard|surgery|treatment)|\bcognitive(?:ly)? (?:able|capable|capacity)",
            r"decision[- ]making capacity|legally (?:authorized|acceptable|authorised) representative",
            r"capable of (?:giving|providing|understanding|signing)|legal capacity",
        ),
    ),
    (
        "contraception and plans for children",
        (
            r"contracepti\w+|birth control|abstinen(?:ce|t)",
            r"abstain from (?:sex\w*|heterosexual|intercourse|donating)|barrier method|condoms?\b",
            r"(?:donat\w+|freez\w+) (?:of )?(?:sperm|semen|eggs?|ova|oocytes?)",
            r"(?:sperm|egg|ova|oocyte|semen) donation",
            (
                r"(?:plan|intend|expect|wish|desir)\w* to (?:conceive|become pregnant|breast-?feed|father|have "
                r"children)"
            ),
            r"father(?:ing)? (?:a )?child|developing (?:human )?fetus|become pregnant or suspect",
            r"adequate precautions|potential for (?:serious )?adverse (?:events|effects) in nursing",
        ),
    ),
    (
        "how long the patient is expected to live",
        (r"life[- ]expectanc\w*|expected survival|(?:predicted|anticipated|estimated) (?:survival|life)",),
    ),
    (
        "whether disease can be measured or assessed",
        (
            r"measurable (?:disease|lesions?|tumou?rs?|or evaluable)",
            r"evaluable (?:disease|lesions?|tumou?rs?|or measurable)|non-?measurable|(?:target|index) lesions?",
            (
                r"response criteria|(?:measurable|evaluable|assessable) (?:\w{1,30} ){0,4}"
                r"(?:by|per|according|using|based|as defined)\b"
            ),
            r"(?:lesions?|tumou?rs?|disease) (?:\w{1,30} ){0,4}(?:measurable|evaluable|assessable)\b",
        ),
    ),
    (
        "an investigator's view",
        (
            (
                r"(?:in(?:vestigator|stitution)\w*|physician|clinician|oncologist|provider|surgeon|doctor|radiologist|"
                r"PI|sponsor|team)(?:'?s)?'?,?(?: or designee)?(?:'s)? (?:opinion|judge?ment|discretion|determination|"
                r"assessment|belief|view|decision|consider\w*|deem\w*|believe\w*|determine\w*|feel\w*|approv\w+)"
            ),
            (
                r"(?:opinion|judge?ment|discretion|assessment|approval|view|determination) of (?:the |an? |their |his "
                r"|her )?(?:\w{1,30} ){0,3}(?:investigator|physician|clinician|oncologist|PI|sponsor|provider|surgeon|"
                r"study team|principal|doctor|monitor)"
            ),
            (
                r"(?:deemed|judged|considered|determined|felt|assessed|evaluated|as defined|as determined|as "
                r"assessed) (?:to be \w+ )?(?:\w{1,30} ){0,5}by (?:the |an? |their |his |her )?(?:\w{1,30} "
                r"){0,3}(?:investigator|physician|clinician|oncologist|PI|sponsor|provider|surgeon|team|doctor|board)"
            ),
            (
                r"(?:would|could|may|might|can|will|likely to) (?:\w{1,30} )?(?:interfere|compromise|confound|"
                r"jeopardi[sz]e|preclude|contraindicate|impair the|limit compliance|affect (?:compliance|"
                r"participation|the (?:safety|interpretation))|put the|place the|pose|increase the risk|hinder|"
                r"prevent|make (?:the|it|this|participation|them|him)|render|constitute|influence|obscure|limit "
                r"(?:the|their|study|adherence|interpretation))"
            ),
            (
                r"(?:unsuitable|inappropriate|not (?:suitable|appropriate)|ineligible|unfit|suitable|appropriate|poor "
                r"candidates?|good candidates?|medically fit|candidates?) (?:for|to|as)\b"
            ),
            r"not (?:in the best|be in) interests?|best interests? of|unacceptable (?:safety )?risks?|undue risk",
            r"amenable to|(?:clinically|medically) (?:stable|unstable|fit|appropriate|indicated|able)",
            r"(?:is|are) (?:otherwise )?(?:healthy|fit) (?:for|enough)",
            (
                r"(?:after|following|pending|upon|with) (?:discussion|consultation|approval|agreement) (?:with|by|of|"
                r"from)"
            ),
            r"(?<!allergy or )(?<!hypersensitivity or )contraindicat\w+ (?:to|for)\b|case[- ]by[- ]case",
            r"might (?:\w{1,30} )?(?:interfere|compromise|confound|jeopardi[sz]e|affect|increase|impair)",
            (
                r"(?:could|can|may|would) (?:\w{1,30} )?(?:impair|alter|affect|impact|impede) (?:\w{1,30} "
                r"){0,4}(?:absorption|participation|compliance|safety|assessment|interpretation|evaluation|ability)"
            ),
        ),
    ),
    (
        "tissue and samples",
        (
            (
                r"(?:archiv\w+|tumou?r|tissue|biops\w+|(?:blood|stool|urine|plasma) (?:samples?|specimens?)|"
                r"paraffin\w*|FFPE|specimens?|samples?|"
                r"slides?|blocks?|material)[\w\s/(),-]{0,60}(?:availab\w+|provid\w+|submit\w*|submission|suppl\w+|"
                r"collect\w+|donat\w+|sufficient|obtained|required|shipp\w+|for (?:central|research|correlative|"
                r"biomarker|molecular|sequencing|analysis|testing|genomic))"
            ),
            (
                r"(?:availab\w+|provid\w+|submi\w+|sufficient|adequate|suppl\w+|enough)[\w\s/(),-]{0,40}(?:archiv\w+|"
                r"tissue|specimens?|samples?|slides?|blocks?|FFPE)"
            ),
        ),
    ),
    (
        "taking part in other studies",
        (
            (
                r"(?:particip\w+|enrol\w+|taking part|involved|inclusion) (?:simultaneously |concurrently |currently "
                r")?(?:in|on) (?:any |an?other |other |a |an |concurrent )?(?:\w{1,30} ){0,3}(?:trial|study|studies|"
                r"protocol)"
            ),
            r"(?:previous|prior|current|concurrent|simultaneous) (?:participation|enrol{1,2}ment)",
            (
                r"(?:receiv\w+|taking|using|use of|treat\w+ with) (?:any )?(?:other )?(?:investigational|"
                r"experimental) (?:anti-?cancer |study )?(?:agents?|drugs?|therap\w+|products?|devices?|medications?|"
                r"treatments?)"
            ),
            r"\b(?:concurrent|concomitant|other) investigational (?:agents?|drugs?|therap\w+|products?|treatments?)",
        ),
    ),
    (
        "recovery from earlier treatment",
        (
            r"recover(?:ed|y) (?:\w{1,30} ){0,6}(?:from|to)\b",
            (
                r"(?:resol(?:ved|ution)|return(?:ed)?|improved) (?:\w{1,30} ){0,5}(?:to|of)? ?(?:\w{1,30} "
                r"){0,3}(?:grade|baseline)"
            ),
            r"unresolved (?:\w{1,30} ){0,3}toxicit\w+",
            r"toxicit(?:y|ies) (?:\w{1,30} ){0,8}(?:grade|baseline|resolved|recovered)",
        ),
    ),
    (
        "what is planned, available or standard",
        (
            (
                r"\b(?:no|lack of|without|exhausted|absence of|unavailable|not (?:available|eligible|"
                r"candidates?))[\w\s,/()-]{0,60}(?:standard|curative|approved|effective|available|alternative|"
                r"satisfactory)[\w\s,/()-]{0,40}(?:therap\w+|treatments?|options?|care|surgery|resection)"
            ),
            (
                r"(?:standard|curative|approved|available|effective|conventional|other) (?:\w{1,30} "
                r"){0,3}(?:therap\w+|treatments?|options?) (?:\w{1,30} ){0,4}(?:does not exist|do not exist|not "
                r"available|unavailable|exhausted|is not|are not|have failed|has failed|no longer|ineffective|refused)"
            ),
            (
                r"\b(?:is|are|be|being) (?:planned|scheduled|considered for|referred|planning|expected|intended|"
                r"undergoing evaluation)\b"
            ),
            r"planned (?:for|to)|plan(?:s|ning)? to\b|scheduled (?:for|to)\b|intent(?:ion|ded)? to",
            r"(?:un)?resectab\w+ (?:as|by|according)|anticipated (?:to|need)",
            r"expect(?:ed|s|ation)? to (?:require|need|receive|undergo|start)|ambulatory\b",
            r"(?:able|unable|difficulty) (?:to )?swallow\w*",
        ),
    ),
    (
        "the patient's circumstances",
        (
            r"psycho(?:logical|social)|\bsocial (?:situation|circumstance|condition|reason|support)|sociological",
            r"geographic\w*|prisoners?|incarcerat\w+|institutionali[sz]ed|detained|imprison\w+",
            r"under (?:legal )?guardianship|curatorship|tutorship|court order|judicial|ward of",
            r"vulnerable (?:population|subject|person)|employees?|(?:family|immediate|household) members?",
            r"relatives? of|site staff|caregivers?|care partner|English|Spanish|French|language|speaking|literate",
            r"literacy|insur(?:ance|ed)|internet|smart ?phone|telephone|e-?mail|reside\w*|resident",
            r"live(?:s)? within|housing|transportation|social security|health (?:care )?system",
            r"(?:long[- ]term|available for|participate in|adequate|reliable|lost to) follow[- ]?up",
            r"study (?:visits?|procedures?|requirements?|schedule)|claustrophobi\w+|diet\b|exercise",
            r"physical(?:ly)? activ\w+",
        ),
    ),
    (
        "other criteria that the record does not give",
        (
            (
                r"(?:other|additional|further) (?:protocol|study|inclusion|exclusion|"
                r"eligibility)[\w\s/-]{0,40}criteria"
            ),
            r"protocol[- ](?:defined|specified) (?:\w{1,30} ){0,3}criteria",
            (
                r"(?:meet|fulfil\w*|satisf\w+|met) (?:all |the |any |other )?(?:\w{1,30} ){0,3}(?:eligibility|"
                r"inclusion|exclusion) criteria"
            ),
        ),
    ),
    (
        "how bad an illness is",
        (
            r"intercurrent (?:\w{1,30} ){0,3}(?:illness(?:es)?|diseases?|conditions?|infections?)",
            (
                r"(?:uncontrolled|severe|serious|significant|concurrent|unstable|debilitating|underlying|"
                r"pre-?existing|life[- ]threatening|any other|major)(?:,? (?:and/or |and |or )?[\w/-]{1,30}){0,5}[ "
                r",]{1,2}(?:illness(?:es)?|(?:medical|systemic|clinical|health|physical|concurrent) (?:conditions?|"
                r"disorders?|problems?|diseases?)|co-?morbidit\w+|comorbid conditions?)"
            ),
            (
                r"(?:uncontrolled|severe|serious|clinically significant|significant|clinically relevant)(?:,? "
                r"(?:and/or |and |or )?[\w/-]{1,30}){0,4} (?:cardiac|cardiovascular|heart|pulmonary|lung|respiratory|"
                r"hepatic|liver|renal|kidney|gastrointestinal|neurologic(?:al)?|cerebrovascular|vascular|metabolic|"
                r"endocrine|systemic|haematologic(?:al)?|hematologic(?:al)?) (?:diseases?|disorders?|conditions?|"
                r"abnormalit\w+)(?!.{0,200}(?:Child|NYHA|New York|class|grade))"
            ),
        ),
    ),
    (
        "what is adequate without a number",
        (
            (
                r"(?:adequate|acceptable|sufficient|satisfactory|appropriate|normal) (?:\w{1,30}[ ,]{1,2}(?:and |or "
                r")?){0,6}(?:function|reserve|health|nutrition\w*|nutritional status)\b(?!.{0,400}\d)"
            ),
        ),
    ),
)
ABOUT = tuple((about, re.compile("|".join(f"(?:{each})" for each in forms), re.IGNORECASE)) for about, forms in _WORDS)
"""What a question is about, and the pattern of the words that ask it."""
