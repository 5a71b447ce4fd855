;; Never ends: a run of it is out of fuel.
(module
  (memory (export "memory") 1)
  (func (export "_start")
    (loop $again (br $again))))
