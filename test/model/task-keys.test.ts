import t from 'tap';
import { keyInAnyCase } from '../../src/model/task-keys.js';

t.test('W3: the key of a field in any case; the exact one wins', (t) => {
  t.equal(keyInAnyCase({ entrypoint: [] }, 'entryPoint'), 'entrypoint');
  t.equal(keyInAnyCase({ ENTRYPOINT: null }, 'entryPoint'), 'ENTRYPOINT');
  t.equal(keyInAnyCase({ entrypoint: [], entryPoint: [] }, 'entryPoint'), 'entryPoint');
  t.equal(keyInAnyCase({ other: 1 }, 'entryPoint'), 'entryPoint');
  t.equal(keyInAnyCase({}, 'toString'), 'toString', 'what every object has is no field');
  t.end();
});
