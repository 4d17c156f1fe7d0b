import { setImmediate as later } from 'node:timers/promises';
import type { PolicySnapshot } from '../../domain/policy';
import { parseHcl } from '../../tools/hcl';
import { judgesContent } from '../cedar/compile-rules';
import { CHANGES_CONTENT, toolsInGroup } from '../cedar/schema';

/** Texts after which the parser's WebAssembly is compiled for speed; each blocks the thread for some 40 ms at first. */
const ROUNDS = 40;

let warmed: Promise<void> | undefined;

/**
 * Gets the parser of Terraform ready where a snapshot's rules judge content: cold, it takes five times as long for the
 * first hundred files, which is more than a gate has. Once for a process, in slices; never fails.
 *
 * @returns whether this snapshot needs it
 */
export async function warmParserFor(snapshot: Pick<PolicySnapshot, 'id' | 'rules'>): Promise<boolean> {
  try {
    if (!toolsInGroup(CHANGES_CONTENT).some((tool) => judgesContent(snapshot, tool))) return false;
    warmed ??= warm();
    await warmed;
    return true;
  } catch {
    // Rules that cannot be read are refused by the gate, and a parser that fails says so there.
    return false;
  }
}

async function warm(): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    await later();
    await parseHcl('warm.tf', Array.from({ length: 5 }, (_, index) => sample(round * 5 + index)).join(''));
  }
}

/** A bit of all that files of Terraform hold. */
function sample(index: number): string {
  return `variable "v${index}" {
  type    = map(string)
  default = { a = "b" }
}
resource "t" "r${index}" {
  name  = "x-\${var.v${index}["a"]}"
  count = var.on && !local.off ? 1 : 0
  tags  = merge(local.tags, { for k, v in var.v${index} : k => upper(v) if v != "" })
  dynamic "rule" {
    for_each = [for each in var.list : each.id]
    content { value = <<-EOT
      \${rule.value}
    EOT
    }
  }
}
`;
}
