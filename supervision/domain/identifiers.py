"""Numbers that people give: what looks mistyped is pointed out, never refused.

A reporter may give a number in a form nobody foresaw (an extension, a foreign telephone, an old document),
and test data on purpose uses numbers that belong to nobody. A warning never repeats the number.
"""

import re
from datetime import date

from supervision.domain.people import plain

#: GB 11643: weight of each of the 17 digits, and the check sign for each remainder modulo 11.
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"


def id_number_warnings(text: str) -> tuple[str, ...]:
    """What looks wrong with a resident identity number (GB 11643); () if empty or fine."""
    number = plain(text).upper()
    if not number:
        return ()
    if not re.fullmatch("[0-9]{17}[0-9X]", number):
        return ("身份证号一般为18位数字（末位可为X），请核对；其他证件可忽略此提示。",)
    warnings = []
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        warnings.append("身份证号中的出生日期不存在，请核对。")
    if _CHECK[sum(w * int(d) for w, d in zip(_WEIGHTS, number[:17], strict=True)) % 11] != number[17]:
        warnings.append("身份证号的校验位不符，可能有一位输错，请核对。")
    return tuple(warnings)


def phone_warnings(text: str) -> tuple[str, ...]:
    """What looks wrong with a telephone number; () if empty or fine. No range of numbers is presumed."""
    number = plain(text)
    if not number:
        return ()
    digits = re.sub("[^0-9]", "", number)
    if re.sub(r"[0-9+()\-—转*#,]", "", number) or not 7 <= len(digits) <= 20:
        return ("电话号码一般为7至20位数字，可带区号和分机号，请核对。",)
    return ()
