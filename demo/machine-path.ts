/** The one thing that the simulations take from the machine's environment: where git and Node are. */
export const machinePath = process.env.PATH ?? '';
