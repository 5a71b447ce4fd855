//! Prepares the program's ELF file for a tracing virtual machine.

/// Size of a section header, bytes.
const SECTION: usize = 64;
/// The string table: the empty name of the null section, and the name of the table itself.
const NAMES: &[u8] = b"\0.shstrtab\0";

/// Adds a section table to a file without one. A tracing virtual machine reads function names from the
/// table and fails without it.
pub(crate) fn with_sections(mut file: Vec<u8>) -> Vec<u8> {
    const TABLE_AT: usize = 40;
    const TABLE_COUNT: usize = 60;
    const TABLE_OF_NAMES: usize = 62;
    const STRING_TABLE: u32 = 3;
    let count = u16::from_le_bytes([file[TABLE_COUNT], file[TABLE_COUNT + 1]]);
    if count > 0 {
        return file;
    }
    let names_at = file.len() as u64;
    file.extend(NAMES);
    file.resize(file.len().next_multiple_of(8), 0);
    let table_at = file.len() as u64;
    file.extend([0; SECTION]);
    let mut names = [0; SECTION];
    names[0..4].copy_from_slice(&1_u32.to_le_bytes());
    names[4..8].copy_from_slice(&STRING_TABLE.to_le_bytes());
    names[24..32].copy_from_slice(&names_at.to_le_bytes());
    names[32..40].copy_from_slice(&(NAMES.len() as u64).to_le_bytes());
    file.extend(names);
    file[TABLE_AT..TABLE_AT + 8].copy_from_slice(&table_at.to_le_bytes());
    file[TABLE_COUNT..TABLE_COUNT + 2].copy_from_slice(&2_u16.to_le_bytes());
    file[TABLE_OF_NAMES..TABLE_OF_NAMES + 2].copy_from_slice(&1_u16.to_le_bytes());
    file
}
