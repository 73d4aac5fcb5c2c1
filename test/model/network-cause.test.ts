import t from 'tap';
import { networkCause, networkCauseText } from '../../src/model/network-cause.js';

t.test('U13: a code of a system, of TLS and of the HTTP client says which kind of trouble it is', (t) => {
  const table = {
    ECONNREFUSED: 'refused',
    ENOTFOUND: 'no_such_name',
    EAI_AGAIN: 'name_server',
    UND_ERR_CONNECT_TIMEOUT: 'timed_out',
    DEPTH_ZERO_SELF_SIGNED_CERT: 'tls',
    SELF_SIGNED_CERT_IN_CHAIN: 'tls',
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls',
    CERT_HAS_EXPIRED: 'tls',
    ERR_TLS_CERT_ALTNAME_INVALID: 'tls',
    ERR_SSL_WRONG_VERSION_NUMBER: 'tls',
    EHOSTUNREACH: 'unroutable',
    ECONNRESET: 'hung_up',
    ENOENT: undefined,
  } as const;
  for (const [code, cause] of Object.entries(table)) t.equal(networkCause(code), cause, code);
  t.match(networkCauseText('refused'), { what: 'refuses the connection', remedy: /port/ });
  t.end();
});
