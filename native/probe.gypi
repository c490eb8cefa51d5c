# The probe, for whichever ABI. It must be position independent: else its own call stubs would pass for the allocators.
{
  "includes": ["program.gypi"],
  "sources": ["probe/options.c", "probe/probe.c", "probe/symbols.c", "probe/which.c"]
}
