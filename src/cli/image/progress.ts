import type { ImageOutcome, ImageRequest, ImageResolver } from '../../model/image.js';
import type { Io, Output } from '../io.js';

const clearLine = '\r\u001b[K';

/** Shows on a terminal which image is being looked up, in one line that disappears. Elsewhere it shows nothing. */
export function withProgress(resolver: ImageResolver, { stderr, env }: Pick<Io, 'stderr' | 'env'>): ImageResolver {
  if (!stderr.isTerminal || env['TERM'] === 'dumb') return resolver;
  return new ShownLookups(resolver, stderr);
}

class ShownLookups implements ImageResolver {
  readonly #resolver: ImageResolver;
  readonly #terminal: Output;
  readonly #underWay: string[] = [];

  constructor(resolver: ImageResolver, terminal: Output) {
    this.#resolver = resolver;
    this.#terminal = terminal;
  }

  known(request: ImageRequest): ImageOutcome | undefined {
    return this.#resolver.known(request);
  }

  async lookUp(request: ImageRequest, signal: AbortSignal): Promise<ImageOutcome> {
    // A reference comes from a manifest, so it must not be able to control the terminal.
    const shown = request.reference.replace(/\p{Cc}/gu, ' ');
    this.#underWay.push(shown);
    this.#show();
    try {
      return await this.#resolver.lookUp(request, signal);
    } finally {
      this.#underWay.splice(this.#underWay.indexOf(shown), 1);
      this.#show();
    }
  }

  #show(): void {
    const [first] = this.#underWay;
    const others = this.#underWay.length - 1;
    const text = first === undefined ? '' : `looking up ${first}${others > 0 ? ` and ${others} more` : ''}`;
    this.#terminal.write(`${clearLine}${text.slice(0, (this.#terminal.columns ?? 80) - 1)}`);
  }
}
