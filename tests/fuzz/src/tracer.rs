//! Passes the traces of the virtual machine to the coverage.

use super::coverage;
use litesvm::{InvocationInspectCallback, LiteSVM};
use millrace_client::pda::PROGRAM;
use solana_program_runtime::invoke_context::InvokeContext;
use solana_sdk::transaction::SanitizedTransaction;

/// The register that holds the number of the traced instruction.
const PROGRAM_COUNTER: usize = 11;

pub(crate) struct Tracer;

impl InvocationInspectCallback for Tracer {
    fn before_invocation(
        &self,
        _: &LiteSVM,
        _: &SanitizedTransaction,
        _: &[u16],
        _: &mut InvokeContext,
        _: bool,
    ) {
    }

    fn after_invocation(
        &self,
        _: &LiteSVM,
        _: &SanitizedTransaction,
        _: &[u16],
        context: &InvokeContext,
        _: bool,
    ) {
        context.iterate_vm_traces(&|instruction, executable, trace| {
            if instruction
                .get_program_key()
                .is_ok_and(|key| *key == PROGRAM)
            {
                let (_, text) = executable.get_text_bytes();
                let numbers = trace
                    .iter()
                    .map(|registers| registers[PROGRAM_COUNTER] as usize);
                coverage::record(text, numbers);
            }
        });
    }
}
