import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GatehouseError } from '../domain/errors';
import type { Problem } from '../policy/cedar/check-rules';
import { type CheckedPolicy, checkPolicies } from '../policy/check/check-policies';
import { type CoveredBullet, coverageOf } from '../policy/check/coverage';
import { withTests } from '../policy/check/policy-tests';
import { type FiledPolicy, readPolicyFolder } from '../policy/policy-folder';
import { catalogueOf } from '../tools/catalogue';
import type { CommandDependencies } from './dependencies';
import { createPublishPolicies, type PublishedPolicies } from './publish-policies';
import { createSimulatePolicies, type PolicySimulation, type SimulateRequest } from './simulate-policies';

/** A policy that is not published yet, as its files have it. */
export interface CandidatePolicy {
  /** As messages name it. Letters, digits, `_`, `-`, `.`, and `.md` at the end. */
  file: string;
  /** Front matter and Markdown. */
  content: string;
  /** The table of cases beside it (YAML). */
  tests?: string;
}

export type CandidateCheck = { policies: CheckedPolicy[]; problems: Problem[] };

/** What a check of candidates says, and what it came to where it went well. */
export type CandidateResult<T> = { isGood: false; problems: Problem[] } | { isGood: true; result: T };

type Dependencies = Pick<
  CommandDependencies,
  'organizationId' | 'agents' | 'policies' | 'recordedRuns' | 'approvals' | 'temporal'
>;

const FILE = /^[A-Za-z0-9][\w.-]{0,100}\.md$/;

/** What can be done with policies before they are published, and publishing them once they pass. */
export const createCandidatePolicies = (dependencies: Dependencies) => {
  const publish = createPublishPolicies(dependencies);
  const simulate = createSimulatePolicies(dependencies);

  async function check(folder: string): Promise<CandidateCheck> {
    const agents = (await dependencies.agents.list(dependencies.organizationId)).map(
      (each) => each.definition,
    );
    const declared = new Map(agents.flatMap((agent) => agent.tools).map((tool) => [tool.name, tool]));
    const tools = catalogueOf([...declared.values()], 'replace').values();
    return checkPolicies(folder, { agents, tools });
  }

  /** Work on candidates that are in order; else what is wrong with them. */
  function checked<T>(
    candidates: readonly CandidatePolicy[],
    work: (policies: FiledPolicy[]) => Promise<T>,
  ): Promise<CandidateResult<T>> {
    return inFolder(candidates, async (folder) => {
      const problems = (await check(folder)).problems.filter(({ severity }) => severity === 'error');
      if (problems.length > 0) return { isGood: false, problems };
      return { isGood: true, result: await work(readPolicyFolder(folder).map(withTests)) };
    });
  }

  return {
    /** Files, rules and tests, as `gatehouse policy check`. @throws GatehouseError `candidate-malformed` */
    check: (candidates: readonly CandidatePolicy[]): Promise<CandidateCheck> => inFolder(candidates, check),

    /** Which bullets are enforced, as `gatehouse policy coverage`. @throws GatehouseError `candidate-malformed` */
    coverage: (
      candidates: readonly CandidatePolicy[],
    ): Promise<CandidateResult<{ bullets: CoveredBullet[]; problems: Problem[] }>> =>
      checked(candidates, coverageOf),

    /** What they would change in recorded runs. @throws GatehouseError `candidate-malformed` */
    simulate: (
      candidates: readonly CandidatePolicy[],
      request: SimulateRequest,
    ): Promise<CandidateResult<PolicySimulation>> =>
      checked(candidates, (policies) => simulate(policies, request)),

    /** Publishes all or none; what does not pass its check is not. @throws GatehouseError `candidate-malformed`, `policy-version-taken` */
    publish: (
      candidates: readonly CandidatePolicy[],
      by: string,
    ): Promise<CandidateResult<PublishedPolicies>> =>
      checked(candidates, (policies) => publish(policies, by)),
  };
};

/** The check reads a folder, as a person has it; messages name files as they were sent. */
async function inFolder<T>(
  candidates: readonly CandidatePolicy[],
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const names = candidates.map(({ file }) => file.toLowerCase());
  const odd = candidates.find(({ file }) => !FILE.test(file) || file.toLowerCase() === 'readme.md');
  if (candidates.length === 0 || odd || new Set(names).size !== names.length)
    throw new GatehouseError(
      'candidate-malformed',
      'each policy needs a file name of its own: letters, digits, `_`, `-`, `.`, and `.md` at the end',
    );
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-policies-'));
  try {
    for (const { file, content, tests } of candidates) {
      await writeFile(join(folder, file), content);
      if (tests !== undefined) await writeFile(join(folder, file.replace(/\.md$/, '.test.yaml')), tests);
    }
    return withoutFolder(await work(folder), `${folder}/`);
  } catch (error) {
    if (!(error instanceof GatehouseError)) throw error;
    throw new GatehouseError(error.code, error.message.replaceAll(`${folder}/`, ''), { cause: error });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function withoutFolder<T>(value: T, folder: string): T {
  return JSON.parse(JSON.stringify(value), (_key, part) =>
    typeof part === 'string' ? part.replaceAll(folder, '') : part,
  ) as T;
}
