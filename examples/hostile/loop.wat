;; Never ends: a run ends out of fuel.
(module
  (memory (export "memory") 1)
  (func (export "_start")
    (loop $again (br $again))))
