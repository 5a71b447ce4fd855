;; Grows memory without end and fills each new page: a run ends out of memory.
(module
  (memory (export "memory") 1)
  (func (export "_start")
    (local $page i32)
    (loop $again
      (local.set $page (memory.grow (i32.const 1)))
      (memory.fill
        (i32.mul (local.get $page) (i32.const 65536))
        (i32.const 0x5a)
        (i32.const 65536))
      (br $again))))
