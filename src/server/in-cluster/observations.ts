import { X509Certificate } from 'node:crypto';
import { observedSelfTest, type SelfTestResult } from '../../cluster/registration/run-self-test.js';
import { observedText, type Observed, type ObservedPort } from '../../model/observed.js';
import { version } from '../../model/version.js';
import type { TlsPair } from '../../tls/pair.js';

/** Gathers what this replica observes, for the Lease while it leads. */
export class Observations {
  readonly #kubernetes: () => string | undefined;
  readonly #port: () => ObservedPort;
  #selfTest: Observed['selfTest'];
  #certificate: Observed['certificate'];

  /**
   * @param kubernetes the API server's version; `undefined` while it is not known
   * @param port what the port requires
   */
  constructor(kubernetes: () => string | undefined, port: () => ObservedPort) {
    this.#kubernetes = kubernetes;
    this.#port = port;
  }

  /** Takes over a result, unless it says nothing. */
  selfTest(result: SelfTestResult): void {
    this.#selfTest = observedSelfTest(result) ?? this.#selfTest;
  }

  certificate(pair: TlsPair): void {
    this.#certificate = {
      notBefore: pair.notBefore.toISOString(),
      notAfter: pair.notAfter.toISOString(),
      names: namesOf(pair),
      authority: authorityOf(pair),
    };
  }

  /** JSON. */
  text(): string {
    const kubernetes = this.#kubernetes();
    return observedText({
      ...(this.#selfTest === undefined ? {} : { selfTest: this.#selfTest }),
      ...(this.#certificate === undefined ? {} : { certificate: this.#certificate }),
      port: this.#port(),
      versions: { outrider: version, ...(kubernetes === undefined ? {} : { kubernetes }) },
    });
  }
}

function namesOf({ names }: TlsPair): string[] {
  return names.split(', ').map((name) => name.replace(/^[^:]*:/, ''));
}

/** The common name of the issuer, which OpenSSL writes as `CN=outrider`, one attribute a line. */
function authorityOf({ certPem }: TlsPair): string {
  return /^CN=(.*)$/m.exec(new X509Certificate(certPem).issuer)?.[1] ?? '';
}
