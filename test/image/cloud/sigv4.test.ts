import t from 'tap';
import { signV4 } from '../../../src/image/cloud/sigv4.js';

// AWS’s published test suite for Signature Version 4 (aws-sig-v4-test-suite), and the example of the IAM user guide.
const keys = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  sessionToken: undefined,
};
const base = {
  method: 'GET',
  url: new URL('https://example.amazonaws.com/'),
  headers: {},
  body: '',
  region: 'us-east-1',
  service: 'service',
  nowMs: Date.UTC(2015, 7, 30, 12, 36, 0),
};

function signature(headers: Readonly<Record<string, string>>): string | undefined {
  return headers['authorization']?.split('Signature=')[1];
}

t.test('the published vectors', (t) => {
  const vanilla = signV4(base, keys);
  t.equal(
    vanilla['authorization'],
    'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, ' +
      'Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
    'get-vanilla',
  );
  t.equal(vanilla['x-amz-date'], '20150830T123600Z');
  t.notOk('host' in vanilla);
  t.equal(
    signature(signV4({ ...base, method: 'POST' }, keys)),
    '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
    'post-vanilla',
  );
  t.equal(
    signature(signV4({ ...base, url: new URL('https://example.amazonaws.com/?Param2=value2&Param1=value1') }, keys)),
    'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
    'get-vanilla-query-order-key-case',
  );
  t.equal(
    signature(
      signV4(
        {
          ...base,
          method: 'POST',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body: 'Param1=value1',
        },
        keys,
      ),
    ),
    'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
    'post-x-www-form-urlencoded',
  );
  t.equal(
    signature(
      signV4(
        {
          ...base,
          url: new URL('https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08'),
          service: 'iam',
          headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
        },
        keys,
      ),
    ),
    '5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
    'the guide’s ListUsers',
  );
  t.end();
});

t.test('a session token is sent and signed', (t) => {
  const signed = signV4(base, { ...keys, sessionToken: 'session' });
  t.equal(signed['x-amz-security-token'], 'session');
  t.match(signed['authorization'], /SignedHeaders=host;x-amz-date;x-amz-security-token,/);
  t.not(signature(signed), signature(signV4(base, { ...keys, sessionToken: 'other' })));
  t.end();
});
