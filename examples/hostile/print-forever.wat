;; Prints a line again and again: a run exceeds its output limit.
(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  ;; One buffer: 20 bytes at 16.
  (data (i32.const 0) "\10\00\00\00\14\00\00\00")
  (data (i32.const 16) "the wheel turns and\n")
  (func (export "_start")
    (loop $again
      (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
      (br $again))))
