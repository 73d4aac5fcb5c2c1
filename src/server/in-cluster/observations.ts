import { X509Certificate } from 'node:crypto';
import type { SelfTestResult } from '../../cluster/registration/self-test.js';
import { observedText, type Observed } from '../../model/observed.js';
import type { TlsPair } from '../../tls/pair.js';

/** Gathers what this replica observes, for the Lease while it leads. */
export interface Observations {
  selfTest(result: SelfTestResult): void;
  certificate(pair: TlsPair): void;
  /** JSON. */
  text(): string;
}

/**
 * @param versions `version`: Outrider's own; `cluster`: the API server's, `undefined` while it is not known
 */
export function createObservations(versions: {
  readonly version: string;
  readonly cluster: () => string | undefined;
}): Observations {
  let selfTest: Observed['selfTest'];
  let certificate: Observed['certificate'];
  return {
    selfTest: ({ reachable, latencyMs, at, why }) => {
      if (reachable !== undefined) selfTest = { reachable, latencyMs, at, ...(reachable ? {} : { why }) };
    },
    certificate: (pair) => {
      certificate = {
        notBefore: pair.notBefore.toISOString(),
        notAfter: pair.notAfter.toISOString(),
        names: namesOf(pair),
        authority: authorityOf(pair),
      };
    },
    text: () => {
      const kubernetes = versions.cluster();
      return observedText({
        ...(selfTest === undefined ? {} : { selfTest }),
        ...(certificate === undefined ? {} : { certificate }),
        versions: { outrider: versions.version, ...(kubernetes === undefined ? {} : { kubernetes }) },
      });
    },
  };
}

function namesOf({ names }: TlsPair): string[] {
  return names.split(', ').map((name) => name.replace(/^[^:]*:/, ''));
}

/** The common name of the issuer, which OpenSSL writes as `CN=outrider`, one attribute a line. */
function authorityOf({ certPem }: TlsPair): string {
  return /^CN=(.*)$/m.exec(new X509Certificate(certPem).issuer)?.[1] ?? '';
}
