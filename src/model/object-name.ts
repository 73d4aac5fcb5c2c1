/** An RFC 1123 subdomain of any length. */
export const subdomainPattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** The longest name that the API server takes. */
export const longestName = 253;

/**
 * Whether a text can be an object's name (RFC 1123 subdomain). A name from a pod is checked before it goes into a path:
 * admission comes before validation, and an empty name would mean a list.
 */
export function isObjectName(text: string): boolean {
  return text.length <= longestName && subdomainPattern.test(text);
}

const namespacePattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const longestNamespace = 63;

/** Whether a text can be a namespace's name (RFC 1123 label). */
export function isNamespaceName(text: string): boolean {
  return text.length <= longestNamespace && namespacePattern.test(text);
}
