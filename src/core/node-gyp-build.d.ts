// node-gyp-build ships no types: the two calls of it that are used here.
declare module "node-gyp-build" {
  function load(root: string): unknown;
  namespace load {
    function path(root: string): string;
  }
  export default load;
}
