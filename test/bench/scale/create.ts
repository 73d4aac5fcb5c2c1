import { createPods, type Order } from './creations.js';

/*
 * The process that creates pods: forked, told what to create, it answers with the result and ends. It is told
 * by whoever forks it, in the words of `Order`.
 */
process.once('message', (order: Order) => {
  createPods(order).then(
    (creations) => process.send?.(creations, () => process.disconnect()),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
