//! The program; `goipd` or `goipctl`, by the name it was called by.

fn main() -> std::process::ExitCode {
    goipd::main(std::env::args_os())
}
