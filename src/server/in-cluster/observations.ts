import { X509Certificate } from 'node:crypto';
import type { SelfTestResult } from '../../cluster/registration/self-test.js';
import { observedText, type Observed } from '../../model/observed.js';
import { version } from '../../model/version.js';
import type { TlsPair } from '../../tls/pair.js';

/** Gathers what this replica observes, for the Lease while it leads. */
export interface Observations {
  selfTest(result: SelfTestResult): void;
  certificate(pair: TlsPair): void;
  /** JSON. */
  text(): string;
}

/** @param kubernetes the API server's version; `undefined` while it is not known */
export function createObservations(kubernetes: () => string | undefined): Observations {
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
      const server = kubernetes();
      return observedText({
        ...(selfTest === undefined ? {} : { selfTest }),
        ...(certificate === undefined ? {} : { certificate }),
        versions: { outrider: version, ...(server === undefined ? {} : { kubernetes: server }) },
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
