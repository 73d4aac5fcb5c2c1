/** What goes wrong or has to hold, in a sentence, by number. A number is never used again for something else. */
export type CaseTable = Readonly<Record<string, string>>;
