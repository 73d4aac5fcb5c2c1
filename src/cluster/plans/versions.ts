/** Versions grow as decimal numbers (Kubernetes API concepts, "Resource versions"). */
export function isOlder(one: string, other: string): boolean {
  const decimal = /^\d{1,20}$/;
  return decimal.test(one) && decimal.test(other) && BigInt(one) < BigInt(other);
}
