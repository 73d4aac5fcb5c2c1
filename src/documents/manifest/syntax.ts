/**
 * The syntax tree of one document, YAML or JSON, with offsets into its text. It knows just enough for values to be
 * read exactly and for a change to be spliced into the text: where each member starts and ends, and how it is written.
 */
export type SyntaxNode = ScalarNode | AliasNode | CollectionNode;

interface Located {
  /** First character of the node, its anchor and tag included. */
  readonly start: number;
  /** Just past its last character, without trailing spaces, comments and line breaks. */
  readonly end: number;
  readonly anchor: string | undefined;
}

interface Tagged extends Located {
  /** Key of the CloudFormation function whose short form is the node's tag, such as `Fn::Sub` for `!Sub`. */
  readonly intrinsic: string | undefined;
}

export interface ScalarNode extends Tagged {
  readonly kind: 'scalar';
  /** `empty`: nothing is written, which means null; start and end are the same. */
  readonly style: 'plain' | 'single' | 'double' | 'block' | 'empty';
  readonly value: null | boolean | number | string;
  /** The number as exact JSON text, given only where `value` could not hold it (E30). */
  readonly exact: string | undefined;
}

export interface AliasNode extends Located {
  readonly kind: 'alias';
  readonly target: SyntaxNode;
}

export interface CollectionNode extends Tagged {
  readonly kind: 'map' | 'seq';
  /** `pair`: a single pair inside a flow sequence, `[a: b]`, which has no brackets of its own. */
  readonly style: 'block' | 'flow' | 'pair';
  /** First character after anchor and tag: the opening bracket, or the first member. */
  readonly bodyStart: number;
  readonly members: readonly Member[];
}

export interface Member {
  /** The key of a map's member, as JSON has it; in a sequence an empty string. */
  readonly key: string;
  /** The member is a merge key, `<<: *base`. */
  readonly merge: boolean;
  /** First character of the member: its key, its `?`, its `-`, or in a flow sequence its value. */
  readonly start: number;
  /** Just past the `:` or `-`; in a flow sequence the start of the value. `undefined` where a key has no `:`. */
  readonly gap: number | undefined;
  readonly value: SyntaxNode;
  /** Just past the member's last character. */
  readonly end: number;
  /** Offset of the comma after the member, in a flow collection that has one there. */
  readonly comma: number | undefined;
}

/** What is wrong with a text, at an offset into it. Turned into an error for people where the file's name is known. */
export class SyntaxProblem extends Error {
  override readonly name = 'SyntaxProblem';
  readonly offset: number;
  /** JSON pointer of the place, where known. */
  readonly path: string | undefined;

  constructor(message: string, offset: number, path?: string) {
    super(message);
    this.offset = offset;
    this.path = path;
  }
}

/** Runs an action on a part of a text; a problem it throws gets its offset in the whole text. */
export function withOffset<T>(offset: number, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof SyntaxProblem)) throw error;
    throw new SyntaxProblem(error.message, offset + error.offset, error.path);
  }
}

/** Nesting deeper than this is refused: no Kubernetes object comes near it. */
export const maxDepth = 200;
