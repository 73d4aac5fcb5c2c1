import type { ImageResolver } from '../../model/image.js';
import type { Io } from '../io.js';

const clearLine = '\r\u001b[K';

/** Shows on a terminal which image is being looked up, in one line that goes away. Nothing anywhere else. */
export function withProgress(resolver: ImageResolver, { stderr, env }: Pick<Io, 'stderr' | 'env'>): ImageResolver {
  if (!stderr.isTerminal || env['TERM'] === 'dumb') return resolver;
  const underWay: string[] = [];
  const show = (): void => {
    const [first] = underWay;
    const more = underWay.length > 1 ? ` and ${underWay.length - 1} more` : '';
    const text = first === undefined ? '' : `looking up ${first}${more}`;
    stderr.write(`${clearLine}${text.slice(0, (stderr.columns ?? 80) - 1)}`);
  };
  return {
    known: (request) => resolver.known(request),
    async lookUp(request, signal) {
      // A reference comes out of a manifest: nothing in it may steer the terminal.
      const shown = request.reference.replace(/\p{Cc}/gu, ' ');
      underWay.push(shown);
      show();
      try {
        return await resolver.lookUp(request, signal);
      } finally {
        underWay.splice(underWay.indexOf(shown), 1);
        show();
      }
    },
  };
}
