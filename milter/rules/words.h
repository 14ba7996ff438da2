/*
 * words: every word of the language, by kind. Whoever writes about the language
 * (the manual, an editor) is checked against it.
 */
#ifndef SLUICE_RULES_WORDS_H
#define SLUICE_RULES_WORDS_H

/* Kinds: statement, reserved, stage, action, unit, limit-option, limit-outage,
 * table-type, table-outage, fact, damage. In the order of the tables. */
void language_words(
    void (*each)(void *context, const char *kind, const char *word),
    void *context);

#endif
