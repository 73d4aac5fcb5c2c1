const answers = new Map<number, string>();

/**
 * What the floors answer: an AdmissionReview that never changes, as long as the query asks, so that the price of sending
 * a patch shows. The shortest one without a query.
 */
export function constantAnswer(url: string | undefined): string {
  const bytes = Number(/[?&]bytes=(\d+)/.exec(url ?? '')?.[1] ?? 0);
  const known = answers.get(bytes);
  if (known !== undefined) return known;
  const response = { uid: 'constant', allowed: true };
  const shortest = JSON.stringify(review(response));
  const rest = bytes - JSON.stringify(review({ ...response, patch: '' })).length;
  const text = rest < 0 ? shortest : JSON.stringify(review({ ...response, patch: 'A'.repeat(rest) }));
  answers.set(bytes, text);
  return text;
}

function review(response: object): object {
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response };
}
