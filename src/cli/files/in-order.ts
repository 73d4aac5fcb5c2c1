/**
 * Calls `make` for each item, a few at once, and yields the results in the items' order. At most `atOnce` of them are in
 * progress, or done and not yet taken.
 *
 * @throws what `make` throws, when that item's turn comes
 */
export async function* inOrder<Item, Made>(
  items: Iterable<Item>,
  atOnce: number,
  make: (item: Item) => Promise<Made>,
): AsyncGenerator<Made, void, undefined> {
  const underWay: Promise<Made>[] = [];
  for (const item of items) {
    const made = make(item);
    // A failure surfaces when the item's turn comes.
    made.catch(() => undefined);
    underWay.push(made);
    if (underWay.length < atOnce) continue;
    const first = underWay.shift();
    if (first !== undefined) yield await first;
  }
  for (const made of underWay) yield await made;
}
