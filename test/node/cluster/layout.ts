/** Name and address of the only node. */
export const nodeName = 'test-node';
export const nodeAddress = '10.90.0.1';
/** What the names of Services end with. */
export const clusterDomain = 'cluster.local';
/** Where pods and the tests find the registry, and who may read and write there. */
export const registryHost = 'registry.test:5000';
export const registryUser = 'me';
export const registryPassword = 'secret';
/** What the pause container of each pod is made from; in containerd alone. */
export const pauseImage = 'localhost/pause:test';
/** Variable with the path of the file that says what the tests may use: see `describeCluster`. */
export const clusterVariable = 'OUTRIDER_TEST_NODE';
