import t from 'tap';
import { didYouMean, nearest } from '../../src/model/nearest.js';

t.test('the near miss is found by case, punctuation and a few letters, and nothing far is', (t) => {
  const names = ['us1', 'us2', 'region', 'collectorPort', 'host_network'];
  t.equal(nearest('us-2', names), 'us2');
  t.equal(nearest('Region', names), 'region');
  t.equal(nearest('regoin', names), 'region');
  t.equal(nearest('collector_port', names), 'collectorPort');
  t.equal(nearest('hostnetwork', names), 'host_network');
  t.equal(nearest('mars', names), undefined);
  t.equal(nearest('x', []), undefined);
  t.equal(nearest('x'.repeat(10_000), ['x'.repeat(10_000)]), undefined, 'long texts are not compared');
  t.equal(didYouMean('regoin', names), '; did you mean region?');
  t.equal(didYouMean('region', names), '', 'the same word is no hint');
  t.equal(didYouMean('mars', names), '');
  t.end();
});
