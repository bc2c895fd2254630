"""How much fits into a report: the same for the form, the API and imports. Lengths in characters.

Real 12380 and 12388 forms take 800 to 1000 characters of text (C-07), too few for many a report. Here the length
of the text is a setting (``max_text``).
"""

NAME = 100
UNIT = 100
POST = 100
RANK = 50
AREA_CODE = 20
MANAGED_BY = 100

TITLE = 100
CATEGORY = 100
CATEGORIES = 20
RESPONDENTS = 20

ID_NO = 30
PHONE = 40
POLITICAL = 50
ADDRESS = 200
OCCUPATION = 100
