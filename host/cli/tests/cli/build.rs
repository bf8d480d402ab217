use crate::support::Project;

#[test]
fn errors_when_there_is_no_project() {
    let project = Project::new("");
    project
        .innkeeper(&["build", "none"])
        .exits(10)
        .says(&["error: there is no file or folder `none`\n"])
        .prints("");
    project
        .innkeeper(&["build"])
        .exits(10)
        .says(&["`.` is no Cargo package", "help: name the folder of a guest project"]);
}
