import ts from 'typescript';

/** A turn of phrase that nobody would write, and what to write instead. */
export interface OddPhrase {
  readonly pattern: RegExp;
  readonly instead: string;
}

/**
 * Phrases that comments, pages and messages must not have. Each was found in this repository, and each has a plain form
 * that says the same. A new one goes here with its plain form once it has been replaced everywhere.
 */
export const oddPhrases: readonly OddPhrase[] = [
  { pattern: /\bsees? to it that\b/i, instead: 'makes sure that' },
  { pattern: /\b(?:gets?|got) to know\b/i, instead: 'looks up, reads' },
  { pattern: /\bwho has none\b/i, instead: 'a client without one' },
  { pattern: /\bmend(?:s|ed)?\b/i, instead: 'fix' },
  { pattern: /\b(?:for|of) what is no [a-z]/i, instead: 'if it is not a …' },
  {
    pattern: /\b(?:that|which) (?:is|was) no (?:pod|object|manifest|text|list|workload|Secret|template)\b/,
    instead: 'that is not a …',
  },
  { pattern: /\bmade anew\b|\banew\b/i, instead: 'again' },
  { pattern: /\btold of\b/i, instead: 'called for, informed about' },
  { pattern: /\bbut for\b(?! ever)/i, instead: 'except for' },
  { pattern: /\bbec(?:omes?|ame) of\b/i, instead: 'happens to' },
  { pattern: /\blooks? whether\b/i, instead: 'checks whether' },
  { pattern: /\bparted by\b/i, instead: 'separated by' },
  { pattern: /\bnone of (?:our|its|their) business\b/i, instead: 'does not concern …' },
  { pattern: /\bas good as nothing\b/i, instead: 'almost nothing' },
  { pattern: /\bfor ever\b/i, instead: 'forever' },
  { pattern: /\bhand(?:s|ed)? on\b/i, instead: 'pass on' },
  { pattern: /\bheld against\b/i, instead: 'compared with' },
  { pattern: /\bone behind the other\b/i, instead: 'one after the other' },
  { pattern: /\b(?:has|have|had) (?:a|no) word on\b/i, instead: 'says something about' },
  { pattern: /\b(?:is|are|be|was|were) let in\b/i, instead: 'admitted' },
  { pattern: /\b(?:the|a) watch stands\b/i, instead: 'is established' },
  { pattern: /\bstands? there\b/i, instead: 'is there' },
  { pattern: /\b(?:what|which|that) stands? (?:in|behind|at|before|under|above) (?!for\b)/i, instead: 'what is in' },
  { pattern: /\bhow it stands with\b/i, instead: 'the state of' },
  { pattern: /\bof whoever\b/i, instead: 'of the person who' },
  { pattern: /\bin force no more\b/i, instead: 'no longer in force' },
  { pattern: /\bto be had\b/i, instead: 'available' },
  { pattern: /\bthe engine of the moment\b/i, instead: 'the current engine' },
  { pattern: /\bgone by\b(?= in\b)/i, instead: 'used' },
  { pattern: /\bthis day\b/i, instead: 'today, still' },
  { pattern: /\bget(?:s|ting)? round\b/i, instead: 'bypass' },
  { pattern: /\bby turns\b/i, instead: 'in turn' },
  { pattern: /\bthe plan of now\b/i, instead: 'the current plan' },
  { pattern: /\bhow an installation is\b/i, instead: 'the state of an installation' },
  { pattern: /\bof (?:a|the) version before\b/i, instead: 'of an earlier version' },
  { pattern: /\bso many of\b/i, instead: 'at most this many of' },
  { pattern: /\bwhen a person\b/i, instead: 'when someone' },
  { pattern: /\bin vain\b/i, instead: 'without success' },
  { pattern: /\bthereof\b|\bwhence\b|\bhereby\b/i, instead: 'of it, from where' },
];

/** An odd phrase where it was found. */
export interface FoundPhrase {
  readonly line: number;
  readonly found: string;
  readonly instead: string;
}

/** Finds odd phrases in a text of paragraphs: a phrase may go on in the next line. */
export function findOddPhrases(text: string): readonly FoundPhrase[] {
  // One character for each, so that offsets stay: a line break within a comment is a blank.
  const flat = text.replaceAll(/\n[ \t]*(?:\*|\/\/)?[ \t]*(?=\S)/g, (break_) => ' '.repeat(break_.length));
  const squeezable = flat.replaceAll('\n', '\u0000');
  return oddPhrases.flatMap(({ pattern, instead }) => {
    const spaced = new RegExp(pattern.source.replaceAll(' ', '\\s+'), `g${pattern.flags}`);
    return [...squeezable.matchAll(spaced)].map(({ index, 0: found }) => ({
      line: text.slice(0, index).split('\n').length,
      found: found.replaceAll(/\s+/g, ' '),
      instead,
    }));
  });
}

/** The prose of a Markdown page: everything else is blank, so that lines keep their numbers. */
export function proseOf(markdown: string): string {
  const blank = (text: string): string => text.replaceAll(/[^\n]/g, ' ');
  return markdown
    .replaceAll(/^```[^]*?^```$/gm, blank)
    .replaceAll(/`[^`\n]*`/g, blank)
    .replaceAll(/<!--[^]*?-->/g, blank);
}

/** The comments of a TypeScript file, and with `messages` the texts in it; the rest is blank. */
export function wordsOf(source: string, messages: boolean): string {
  const kept = source.replaceAll(/[^\n]/g, ' ').split('');
  const keep = (from: number, to: number): void => {
    for (let index = from; index < to; index += 1) kept[index] = source.charAt(index);
  };
  const file = ts.createSourceFile('x.ts', source, ts.ScriptTarget.ES2023, true);
  const visit = (node: ts.Node): void => {
    const comments = [
      ...(ts.getLeadingCommentRanges(source, node.getFullStart()) ?? []),
      ...(ts.getTrailingCommentRanges(source, node.getEnd()) ?? []),
    ];
    for (const { pos, end } of comments) keep(pos, end);
    if (messages && (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)))
      keep(node.getStart(), node.getEnd());
    node.getChildren(file).forEach(visit);
  };
  visit(file);
  return kept.join('');
}
