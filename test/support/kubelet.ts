/**
 * Expands `$(VAR)` as the kubelet does in a container's command and args (Kubernetes API docs of `Container.command`;
 * the rules are those of k8s.io/kubernetes third_party/forked/golang/expansion):
 *
 * - `$(NAME)` is the variable's value where it is known, and stays as it is where it is not;
 * - `$$` is one `$`, so `$$(NAME)` becomes `$(NAME)`;
 * - a `$` before anything else, and a `$(` that is never closed, stay as they are.
 */
export function expand(text: string, variables: ReadonlyMap<string, string>): string {
  let result = '';
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char !== '$' || at + 1 === text.length) {
      result += char;
      continue;
    }
    const next = text.charAt(at + 1);
    if (next === '$') {
      result += '$';
      at += 1;
    } else if (next === '(') {
      const end = text.indexOf(')', at + 2);
      if (end < 0) {
        result += '$(';
        at += 1;
      } else {
        const name = text.slice(at + 2, end);
        result += variables.get(name) ?? `$(${name})`;
        at = end;
      }
    } else {
      result += char + next;
      at += 1;
    }
  }
  return result;
}
