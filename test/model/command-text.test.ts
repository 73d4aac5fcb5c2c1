import fc from 'fast-check';
import t from 'tap';
import { commandText, longestCommandBytes, recordText } from '../../src/model/command-text.js';

t.test('a command is one line, as a shell would be given it', (t) => {
  t.equal(commandText(['ls', '-l', '/srv/app']), 'ls -l /srv/app');
  t.equal(commandText(['sh', '-c', 'echo "a b" && ls']), String.raw`sh -c "echo \"a b\" && ls"`);
  t.equal(
    commandText(['sh', '-c', 'first\nsecond\u001b[2J\u202e']),
    'sh -c "first second [2J "',
    'no control characters',
  );
  t.equal(commandText(['']), '""');
  t.equal(commandText([]), '');
  t.end();
});

t.test('what looks like a secret is masked', (t) => {
  const masked: readonly (readonly [readonly string[], string])[] = [
    [['mysql', '--password=hunter2', '-u', 'root'], 'mysql --password=*** -u root'],
    [['mysql', '--password', 'hunter2', 'db'], 'mysql --password *** db'],
    [
      ['env', 'DB_PASSWORD=hunter2', 'AWS_SECRET_ACCESS_KEY=abc', 'app'],
      'env DB_PASSWORD=*** AWS_SECRET_ACCESS_KEY=*** app',
    ],
    [['tool', '--api-key', 'hunter2'], 'tool --api-key ***'],
    [['sh', '-c', 'login --token hunter2; ls'], 'sh -c "login --token ***; ls"'],
    [['sh', '-c', 'export API_TOKEN="hunter2 x" && run'], 'sh -c "export API_TOKEN=*** && run"'],
    [
      ['curl', '-H', 'Authorization: Bearer hunter2hunter2', 'https://a/'],
      'curl -H "Authorization: Bearer ***" https://a/',
    ],
    [['curl', '-H', 'Authorization: hunter2'], 'curl -H "Authorization: ***"'],
    [['curl', 'https://me:hunter2@host/path'], 'curl https://***@host/path'],
    [['sh', '-c', '{"password": "hunter2"}'], String.raw`sh -c "{\"password\": ***}"`],
    [['x', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-DEF_1'], 'x ***'],
    [['x', 'AKIAABCDEFGHIJKLMNOP'], 'x ***'],
    [['x', 'a\n-----BEGIN RSA PRIVATE KEY-----\nhunter2'], 'x "a ***"'],
  ];
  for (const [words, text] of masked) t.equal(commandText(words), text);
  t.equal(commandText(['grep', '-r', 'tokenizer', 'src']), 'grep -r tokenizer src', 'a word alone is no value');
  t.equal(commandText(['app', '--token', '--verbose']), 'app --token --verbose', 'an option is no value');
  t.end();
});

t.test('1 KiB at most, whatever comes, and at once', (t) => {
  const long = commandText(['sh', '-c', 'ü'.repeat(1_000_000)]);
  t.ok(Buffer.byteLength(long) <= longestCommandBytes);
  t.match(long, /ü…$/);
  const startMs = performance.now();
  for (const word of [
    'a'.repeat(1_000_000),
    'token '.repeat(200_000),
    '--secret'.repeat(100_000),
    '"'.repeat(1_000_000),
  ]) {
    t.ok(Buffer.byteLength(commandText([word, word])) <= longestCommandBytes);
    t.ok(
      Buffer.byteLength(commandText(Array.from({ length: 10_000 }, () => word.slice(0, 100)))) <= longestCommandBytes,
    );
  }
  t.ok(performance.now() - startMs < 2_000);
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), (words) => {
      const text = commandText(words);
      t.ok(Buffer.byteLength(text) <= longestCommandBytes);
      t.notMatch(text, /[\p{Cc}\p{Cs}]/u);
    }),
  );
  t.end();
});

t.test('another text that is written down is on one line, masked, and no longer', (t) => {
  t.equal(
    recordText('the tracer would take --password=hunter2\nfor an option'),
    'the tracer would take --password=*** for an option',
  );
  t.equal(recordText('container web may write to volume x'), 'container web may write to volume x');
  t.ok(Buffer.byteLength(recordText('é'.repeat(100_000))) <= longestCommandBytes);
  t.end();
});
