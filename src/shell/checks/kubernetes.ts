import { judgeHost } from '../hosts';
import type { Check, Invocation } from '../invocation';
import { addPath, judgeContextName } from '../operands';
import { addReason, type PartDraft, raise, shown, unresolved } from '../part-draft';
import type { CommandContext } from '../simple-command';
import { literalWord, type Word } from '../word';

/** Checks for programs that talk to a Kubernetes cluster. */
export const kubernetesChecks: Record<string, Check> = {
  /** `kubectl get secret -o yaml` prints the values; without an output format it lists names and sizes. */
  'kubernetes-secret'({ command, operands, flags }, draft) {
    const raw = flags.filter(({ names }) => names.includes('--raw')).map(({ value }) => value);
    // A GET that goes through the cluster to a program in it, which may do anything.
    if (
      raw.some(
        (value) =>
          value?.kind === 'literal' && /\/(?:proxy|exec|attach|portforward)(?:[/?]|$)/i.test(value.value),
      )
    )
      raise(draft, 'production', `\`${shown(command)}\` reaches a program in the cluster`);
    if (raw.some((value) => value?.kind === 'literal' && /\/secrets(?:[/?]|$)/i.test(value.value))) {
      addReason(draft, 'secret', `\`${shown(command)}\` prints the values of secrets`);
      return;
    }
    const format = flags.find(
      ({ names, value }) =>
        names.some((name) => FORMAT_FLAGS.has(name)) &&
        !(value?.kind === 'literal' && /^(?:|wide|name)$/.test(value.value)),
    );
    if (!format) return;
    if (operands.some((word) => word.kind === 'literal' && namesSecret(word.value)))
      addReason(draft, 'secret', `\`${shown(command)}\` prints the values of secrets`);
    const [kinds] = operands;
    if (kinds?.kind === 'unresolved' && !kinds.prefix.includes('/'))
      draft.findings.push(unresolved(command, kinds, 'may name secrets, whose values it prints'));
  },
  /** Another cluster than the configured one, or a configuration that may name programs to run. */
  'kubernetes-cluster'(invocation, draft, context) {
    const { command, flags, operands } = invocation;
    const values = (...wanted: string[]) =>
      flags.flatMap(({ names, value }) =>
        value && names.some((name) => wanted.includes(name)) ? [value] : [],
      );
    const servers = values('--server', '--kube-apiserver');
    // `-s` is a short form of kubectl's only: in helm it chooses templates.
    if (servers.length === 0 && takesShortServer(command.program)) servers.push(...values('-s'));
    for (const server of servers) judgeHost(server, draft, command, context);
    for (const pair of values('--set-file'))
      for (const [, path = ''] of (pair.kind === 'literal' ? pair.value : '').matchAll(/=([^,]+)/g))
        addPath(literalWord(path), 'read', draft, command, context);
    for (const file of [...values('-f', '--filename', '-k', '--kustomize', '--values'), ...operands])
      if (file.kind === 'literal' && /^(?:https?|oci):\/\//i.test(file.value))
        judgeHost(file, draft, command, context);
    const configurations = values('--kubeconfig');
    const variable = command.assignments.get('KUBECONFIG');
    if (variable !== undefined)
      configurations.push(
        variable === null
          ? { kind: 'unresolved', source: '$KUBECONFIG', prefix: '', maySplit: false }
          : literalWord(variable),
      );
    for (const configuration of configurations) judgeConfiguration(configuration, invocation, draft, context);
  },
};

function judgeConfiguration(
  file: Word,
  { command }: Invocation,
  draft: PartDraft,
  context: CommandContext,
): void {
  if (file.kind === 'unresolved') judgeContextName(file, draft, command, context);
  else {
    const name = file.value
      .slice(file.value.lastIndexOf('/') + 1)
      .replace(/\.(?:ya?ml|conf|config|kubeconfig)$/, '');
    judgeContextName({ ...file, value: name }, draft, command, context);
    // What lies outside the workspace was put there by the operator.
    if (!/^[/~]/.test(file.value))
      raise(
        draft,
        'sandbox',
        `\`${shown(command)}\` takes a configuration of the workspace, which may name programs to run`,
      );
  }
}

const FORMAT_FLAGS = new Set(['-o', '--output', '--template']);

function takesShortServer(program: string): boolean {
  return program !== 'helm' && program !== 'helm3';
}

/** `secret`, `secrets`, `pods,secrets`, `secret/web`, `secrets.v1.`. */
function namesSecret(operand: string): boolean {
  return operand.split(',').some((each) => /^secrets?(?:[./]|$)/i.test(each));
}
