// Lets Node run the TypeScript sources as they are. The shell parser is loaded before, as the module it is: rewritten to
// CommonJS, each of its constants would be a getter, which costs a fifth of the time of judging a command.
require('unbash');
require('tsx/cjs');
