/** The toolkit of the Actions cache runs in a process of its own; this is its program in the bundle. */
import '../src/stores/actions-cache/save-program.ts';
