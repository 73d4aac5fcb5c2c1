/** Why nobody was reached over the network. */
export type NetworkCause = 'refused' | 'no_such_name' | 'name_server' | 'timed_out' | 'tls' | 'unroutable' | 'hung_up';

const byCode: Readonly<Record<string, NetworkCause>> = {
  ECONNREFUSED: 'refused',
  ENOTFOUND: 'no_such_name',
  EAI_AGAIN: 'name_server',
  EAI_FAIL: 'name_server',
  ETIMEDOUT: 'timed_out',
  UND_ERR_CONNECT_TIMEOUT: 'timed_out',
  UND_ERR_HEADERS_TIMEOUT: 'timed_out',
  UND_ERR_BODY_TIMEOUT: 'timed_out',
  EHOSTUNREACH: 'unroutable',
  ENETUNREACH: 'unroutable',
  ECONNRESET: 'hung_up',
  EPIPE: 'hung_up',
  UND_ERR_SOCKET: 'hung_up',
  EPROTO: 'tls',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls',
};

// Codes of OpenSSL's verification and of Node's TLS.
const ofTls =
  /^(ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_GET_ISSUER_|UNABLE_TO_GET_CRL|CRL_|HOSTNAME_MISMATCH)/;

/** What a system's, TLS's or HTTP client's code stands for; `undefined` for one that says nothing of the network. */
export function networkCause(code: string): NetworkCause | undefined {
  return byCode[code] ?? (ofTls.test(code) ? 'tls' : undefined);
}

interface CauseText {
  /** What is the matter, after the name of a host. */
  readonly what: string;
  readonly remedy: string;
}

const texts: Readonly<Record<NetworkCause, CauseText>> = {
  refused: {
    what: 'refuses the connection',
    remedy: 'Check the port, and whether the service runs; a firewall may refuse too.',
  },
  no_such_name: {
    what: 'is a name that does not exist',
    remedy: 'Check how the host is spelt, and the DNS search path.',
  },
  name_server: {
    what: 'cannot be looked up: the name server does not answer',
    remedy: 'Check the DNS, then try again.',
  },
  timed_out: {
    what: 'does not answer in time',
    remedy: 'Check the network; where a proxy is needed, set HTTPS_PROXY.',
  },
  tls: {
    what: 'has a TLS certificate that is not trusted here, or speaks no TLS',
    remedy:
      'Trust its authority (caFile of a registry’s host, or NODE_EXTRA_CA_CERTS); a plain HTTP port needs plain HTTP.',
  },
  unroutable: { what: 'cannot be reached: there is no route to it', remedy: 'Check the network, a VPN say.' },
  hung_up: { what: 'hangs up in the middle', remedy: 'Try again; a proxy between may end connections.' },
};

/** What a cause means for people, and what helps. */
export function networkCauseText(cause: NetworkCause): CauseText {
  return texts[cause];
}
