/** A link of a page. */
export interface PageLink {
  readonly line: number;
  readonly target: string;
}

/** The links of a Markdown page, without those in code. */
export function linksOf(markdown: string): readonly PageLink[] {
  const blank = (text: string): string => text.replaceAll(/[^\n]/g, ' ');
  const prose = markdown
    .replaceAll(/^```[^]*?^```$/gm, blank)
    .replaceAll(/(`+)(?!`)[^`\n]*?\1/g, (code) => code.replaceAll(/[[\]()]/g, ' '));
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(({ index, 1: target = '' }) => ({
    line: prose.slice(0, index).split('\n').length,
    target,
  }));
}

/** The anchors of a page, as GitHub makes them of its headings. */
export function anchorsOf(markdown: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  const prose = markdown.replaceAll(/^```[^]*?^```$/gm, '');
  for (const [, heading = ''] of prose.matchAll(/^#{1,6} +(.*?)\s*$/gm)) {
    const base = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
      .replaceAll(' ', '-');
    let anchor = base;
    for (let again = 1; anchors.has(anchor); again += 1) anchor = `${base}-${again}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** What is wrong with the form of a link to somewhere else; it is not followed. */
export function badForm(target: string): string | undefined {
  if (!URL.canParse(target)) return 'is not a URL';
  const { protocol, hostname } = new URL(target);
  if (protocol !== 'https:') return 'is not https';
  return hostname.includes('.') ? undefined : 'has no domain';
}
