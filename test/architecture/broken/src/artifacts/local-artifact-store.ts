export const keep = () => 'anything';
