(* The command: a verdict for each line of a file, or of standard input.

   Exit code: 0 all are proved, 1 one is rejected, 2 one is malformed. *)

let () =
  let input =
    match Sys.argv with
    | [| _ |] -> stdin
    | [| _; path |] -> (
        try open_in_bin path
        with Sys_error reason -> prerr_endline reason; exit 2)
    | _ -> prerr_endline "usage: certnn-checker [FILE]"; exit 2
  in
  let rec next worst =
    match input_line input with
    | exception End_of_file -> worst
    | line ->
        let code, said = Verdicts.verdict line in
        print_endline said;
        next (max worst code)
  in
  exit (match next (-1) with -1 -> prerr_endline "malformed: no certificate"; 2 | code -> code)
