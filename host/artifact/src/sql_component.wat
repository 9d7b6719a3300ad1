;; The code of every SQL migration: it names the script of the artifact that the host is to run.
;;
;; An artifact of several revisions names its scripts REVISION/upgrade.sql and REVISION/downgrade.sql; an artifact of one
;; revision may leave the folder out. Changing a byte here changes the digest of every SQL artifact that is built from
;; then on, though not its source digest.
;;
;; Memory: 0 an ok result or empty list; 16 what imports return; 32 an error result; 64 texts; 1024 on: allocated, never freed,
;; since the instance lives for one call. The script itself never enters it.
(module
  (import "mighost:host/context@0.1.0" "revision" (func $revision (param i32)))
  (import "mighost:host/assets@0.1.0" "contains" (func $contains (param i32 i32) (result i32)))
  (import "mighost:host/database@0.1.0" "execute-asset" (func $execute_asset (param i32 i32)))
  (memory (export "memory") 1)
  (global $free (mut i32) (i32.const 1024))
  (data (i32.const 64) "/upgrade.sql")
  (data (i32.const 80) "/downgrade.sql")
  (data (i32.const 96) "the artifact carries no script for this direction")

  (func $allocate (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $free))
    ;; Everything is aligned to 8 bytes.
    (global.set $free (i32.and (i32.add (i32.add (global.get $free) (local.get $size)) (i32.const 7)) (i32.const -8)))
    (if (i32.lt_u (global.get $free) (local.get $at)) (then unreachable))
    (if (i32.gt_u (global.get $free) (i32.shl (memory.size) (i32.const 16)))
      (then
        (if (i32.eq (i32.const -1) (memory.grow (i32.sub
              (i32.shr_u (i32.add (global.get $free) (i32.const 65535)) (i32.const 16))
              (memory.size))))
          (then unreachable))))
    (local.get $at))

  ;; The host asks for room for a string or list; it never moves one here.
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (call $allocate (local.get 3)))

  ;; Runs the asset REVISION/NAME or, without one, NAME; $name points to "/NAME".
  (func $run (param $name i32) (param $length i32) (result i32)
    (local $path i32)
    (local $path_length i32)
    (call $revision (i32.const 16))
    (local.set $path_length (i32.add (i32.load (i32.const 20)) (local.get $length)))
    (local.set $path (call $allocate (local.get $path_length)))
    (memory.copy (local.get $path) (i32.load (i32.const 16)) (i32.load (i32.const 20)))
    (memory.copy
      (i32.add (local.get $path) (i32.load (i32.const 20))) (local.get $name) (local.get $length))
    (if (i32.eqz (call $contains (local.get $path) (local.get $path_length)))
      (then
        (local.set $path (i32.add (local.get $name) (i32.const 1)))
        (local.set $path_length (i32.sub (local.get $length) (i32.const 1)))))
    (if (result i32) (call $contains (local.get $path) (local.get $path_length))
      (then
        (call $execute_asset (local.get $path) (local.get $path_length))
        (i32.const 0))
      (else
        (i32.store (i32.const 32) (i32.const 1))
        (i32.store (i32.const 36) (i32.const 96))
        (i32.store (i32.const 40) (i32.const 49))
        (i32.const 32))))

  (func (export "mighost:host/revision@0.1.0#upgrade") (result i32)
    (call $run (i32.const 64) (i32.const 12)))
  (func (export "mighost:host/revision@0.1.0#downgrade") (result i32)
    (call $run (i32.const 80) (i32.const 14)))
  (func (export "mighost:host/revision@0.1.0#objects") (result i32)
    (i32.const 0))
)
