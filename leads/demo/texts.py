"""The demo's whitepapers, in both languages."""

TEXTS = {
    "ai-strategy-for-mid-sized-manufacturers": {
        "title_en": "AI strategy for mid-sized manufacturers",
        "title_de": "KI-Strategie für den produzierenden Mittelstand",
        "description_en": (
            "Where artificial intelligence pays off on the shop floor and where it does not yet. "
            "With a plan for the first twelve months, a budget and the five decisions that cannot be delegated."
        ),
        "description_de": (
            "Wo sich künstliche Intelligenz in der Fertigung rechnet und wo noch nicht. "
            "Mit einem Plan für die ersten zwölf Monate, einem Budget und den fünf Entscheidungen, "
            "die Sie nicht delegieren können."
        ),
    },
    "digital-twins-in-practice": {
        "title_en": "Digital twins in practice",
        "title_de": "Digitale Zwillinge in der Praxis",
        "description_en": (
            "Three plants, three digital twins: what data they needed, what they cost, and what they changed. "
            "Including a checklist for choosing the first machine."
        ),
        "description_de": (
            "Drei Werke, drei digitale Zwillinge: welche Daten nötig waren, was sie kosteten und was sie veränderten. "
            "Mit einer Checkliste für die Auswahl der ersten Maschine."
        ),
    },
    "gdpr-and-machine-learning": {
        "title_en": "GDPR and machine learning",
        "title_de": "DSGVO und maschinelles Lernen",
        "description_en": (
            "How to train models on personal data lawfully: purposes, legal bases, anonymisation "
            "and what to write down before an authority asks."
        ),
        "description_de": (
            "Wie Sie Modelle rechtmäßig mit personenbezogenen Daten trainieren: Zwecke, Rechtsgrundlagen, "
            "Anonymisierung und was Sie festhalten sollten, bevor eine Behörde fragt."
        ),
    },
    "predictive-maintenance-roi": {
        "title_en": "The return on predictive maintenance",
        "title_de": "Was vorausschauende Wartung einbringt",
        "description_en": (
            "Avoided downtime, fewer spare parts, longer service life: a calculation that you can fill in "
            "with your own figures, and the mistakes that make it look too good."
        ),
        "description_de": (
            "Vermiedene Stillstände, weniger Ersatzteile, längere Lebensdauer: eine Rechnung, in die Sie Ihre eigenen "
            "Zahlen einsetzen, und die Fehler, die sie zu schön aussehen lassen."
        ),
    },
}
