"""What honest people write: a short letter in many languages, and the charsets
in which programs have sent such letters."""

# language: (subject, letter, file name without its ending, sender's name)
LETTERS = {
    "en": ("Minutes of Tuesday's meeting",
           "Dear Anna,\n\nthank you for the minutes. The pears come on Friday; "
           "please tell Robert that the door stays open until six.\n\n"
           "Best wishes\nCarol\n",
           "minutes", "Carol Baker"),
    "de": ("Grüße aus Köln: Übersicht für März",
           "Liebe Jürgen,\n\nanbei die Übersicht für März. Die Bäckerei schließt "
           "um fünf, also komm bitte früher.\n\nViele Grüße\nKäthe Weiß\n",
           "Übersicht März", "Käthe Weiß"),
    "fr": ("Réunion reportée à l'été",
           "Bonjour Éloïse,\n\nla réunion est reportée à la semaine prochaine. "
           "Voilà déjà le résumé ; dis-moi où ça te gêne.\n\nÀ bientôt\nZoé\n",
           "résumé réunion", "Zoé Lefèvre"),
    "es": ("¿Vienes mañana al taller?",
           "Hola Íñigo:\n\nmañana pintamos la valla del jardín. ¿Traes tú las "
           "brochas pequeñas? ¡Hasta entonces!\n\nUn abrazo\nBegoña\n",
           "jardín pequeño", "Begoña Núñez"),
    "pl": ("Zaproszenie na święto żniw",
           "Cześć Łukasz,\n\nw sobotę świętujemy żniwa. Weź proszę ciepłą kurtkę, "
           "bo wieczorem będzie już chłodno.\n\nPozdrawiam\nMałgorzata\n",
           "święto żniw", "Małgorzata Wójcik"),
    "lt": ("Kvietimas į šventę",
           "Labas, Ąžuolai,\n\nšeštadienį švenčiame derliaus šventę. Pasiimk "
           "šiltą striukę, nes vakare bus vėsu.\n\nIki\nŽivilė\n",
           "šventė", "Živilė Šimkutė"),
    "tr": ("Yarınki toplantı için gündem",
           "Merhaba Çağrı,\n\nyarınki toplantının gündemi ektedir. Işıkları "
           "çıkarken söndürmeyi lütfen unutma.\n\nSevgiler\nGülşen İnce\n",
           "gündem ığdır", "Gülşen İnce"),
    "el": ("Πρόσκληση στη γιορτή της Κυριακής",
           "Αγαπητή Ελένη,\n\nσε περιμένουμε την Κυριακή στη γιορτή του χωριού. "
           "Φέρε, αν μπορείς, το μικρό τραπέζι.\n\nΦιλικά\nΓιώργος\n",
           "πρόσκληση", "Γιώργος Παππάς"),
    "ru": ("Протокол собрания во вторник",
           "Здравствуй, Анна!\n\nСпасибо за протокол. Груши привезут в пятницу, "
           "скажи Роману, что дверь открыта до шести.\n\nТвоя Катя\n",
           "протокол собрания", "Катя Орлова"),
    "uk": ("Запрошення на свято врожаю",
           "Привіт, Їжаку!\n\nУ суботу святкуємо врожай. Візьми теплу куртку, "
           "бо ввечері вже холодно.\n\nТвоя Євгенія\n",
           "свято врожаю", "Євгенія Ґудзь"),
    "hi": ("मंगलवार की बैठक का विवरण",
           "प्रिय अन्ना,\n\nविवरण के लिए धन्यवाद। नाशपाती शुक्रवार को आएगी, "
           "कृपया रोहन को बता दें कि दरवाज़ा छह बजे तक खुला है।\n\nसादर\nकविता\n",
           "बैठक का विवरण", "कविता शर्मा"),
    "zh-hans": ("星期二会议的记录",
                "安娜：\n\n谢谢你的会议记录。梨星期五送到，"
                "请告诉罗伯特，大门六点以前都开着。\n\n祝好\n小梅\n",
                "会议记录", "王小梅"),
    "zh-hant": ("星期二會議的記錄",
                "安娜：\n\n謝謝你的會議記錄。梨子星期五送到，"
                "請告訴羅伯特，大門六點以前都開著。\n\n祝好\n小梅\n",
                "會議記錄", "王小梅"),
    "ja": ("火曜日の会議の議事録",
           "安奈さん\n\n議事録をありがとうございます。梨は金曜日に届きます。"
           "門は六時まで開いていると、ロベルトさんに伝えてください。\n\n花子\n",
           "議事録", "山田花子"),
    "ko": ("화요일 회의 기록",
           "안나 씨께\n\n회의 기록을 보내 주셔서 고맙습니다. 배는 금요일에 옵니다. "
           "문은 여섯 시까지 열려 있습니다.\n\n지영 드림\n",
           "회의 기록", "김지영"),
    "ar": ("محضر اجتماع الثلاثاء",
           "عزيزتي آنا،\n\nشكرا على المحضر. يصل الكمثرى يوم الجمعة، "
           "والباب مفتوح حتى السادسة.\n\nمع التحية\nليلى\n",
           "محضر الاجتماع", "ليلى حداد"),
    "he": ("סיכום הישיבה ביום שלישי",
           "שלום אנה,\n\nתודה על הסיכום. האגסים מגיעים ביום שישי, "
           "והדלת פתוחה עד שש.\n\nבברכה\nנועה\n",
           "סיכום הישיבה", "נועה לוי"),
    "vi": ("Biên bản cuộc họp",
           "Chào An,\n\ncảm ơn bạn về biên bản. Lê sẽ đến vào thứ sáu, "
           "cửa mở đến sáu giờ.\n\nThân mến\nHương\n",
           "biên bản", "Hương Nguyễn"),
    "th": ("บันทึกการประชุมวันอังคาร",
           "สวัสดีแอนนา\n\nขอบคุณสำหรับบันทึก ลูกแพร์จะมาถึงวันศุกร์ "
           "ประตูเปิดถึงหกโมงเย็น\n\nด้วยความนับถือ\nมาลี\n",
           "บันทึก", "มาลี ใจดี"),
}

# (name on the wire, Python's codec, language)
CHARSETS = [
    ("us-ascii", "ascii", "en"),
    ("utf-8", "utf-8", "de"),
    ("utf-8", "utf-8", "hi"),
    ("utf-8", "utf-8", "vi"),
    ("UTF-8", "utf-8", "zh-hans"),
    ("iso-8859-1", "latin-1", "de"),
    ("ISO-8859-1", "latin-1", "fr"),
    ("iso-8859-2", "iso8859-2", "pl"),
    ("iso-8859-5", "iso8859-5", "ru"),
    ("iso-8859-6", "iso8859-6", "ar"),
    ("iso-8859-7", "iso8859-7", "el"),
    ("iso-8859-8", "iso8859-8", "he"),
    ("iso-8859-9", "iso8859-9", "tr"),
    ("iso-8859-13", "iso8859-13", "lt"),
    ("iso-8859-15", "iso8859-15", "fr"),
    ("windows-1250", "cp1250", "pl"),
    ("windows-1251", "cp1251", "ru"),
    ("windows-1251", "cp1251", "uk"),
    ("windows-1252", "cp1252", "es"),
    ("windows-1253", "cp1253", "el"),
    ("windows-1254", "cp1254", "tr"),
    ("windows-1255", "cp1255", "he"),
    ("windows-1256", "cp1256", "ar"),
    ("windows-1257", "cp1257", "lt"),
    ("koi8-r", "koi8-r", "ru"),
    ("koi8-u", "koi8-u", "uk"),
    ("gb2312", "gb2312", "zh-hans"),
    ("gbk", "gbk", "zh-hans"),
    ("gb18030", "gb18030", "zh-hans"),
    ("gb18030", "gb18030", "zh-hant"),
    ("big5", "big5", "zh-hant"),
    ("shift_jis", "shift_jis", "ja"),
    ("euc-jp", "euc-jp", "ja"),
    ("iso-2022-jp", "iso2022_jp", "ja"),
    ("euc-kr", "euc-kr", "ko"),
    ("ks_c_5601-1987", "euc-kr", "ko"),
    ("iso-2022-kr", "iso2022_kr", "ko"),
    ("utf-7", "utf-7", "de"),
    ("utf-7", "utf-7", "ja"),
    ("utf-16", "utf-16", "ru"),
    ("utf-16be", "utf-16-be", "el"),
    ("utf-16le", "utf-16-le", "ko"),
    ("tis-620", "tis-620", "th"),
]

# What is written under a label that lacks it: all programs read the superset.
SUPERSETS = [
    ("iso-8859-1", "cp1252", "„Ja“ – 5 € …\n"),
    ("gb2312", "gb18030", "朱镕基、囧\n"),
    ("gbk", "gb18030", "㐀 €\n"),
    ("shift_jis", "cp932", "①髙﨑さん\n"),
    ("euc-kr", "cp949", "똠방각하와 펲시\n"),
    ("ks_c_5601-1987", "cp949", "햏햏\n"),
    ("big5", "cp950", "裏面的恒\n"),
    ("iso-8859-9", "cp1254", "“Işık” – 5 €\n"),
    ("iso-8859-8-i", "iso8859-8", "שלום\n"),
    ("tis-620", "cp874", "ราคา € ๕\n"),
]
